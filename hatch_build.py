"""The build hook: a wheel carries the built front end, the challenges and the migrations; a checkout has its own."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundleHook(BuildHookInterface):  # type: ignore[type-arg, unused-ignore]
    """Puts them where `platform.bundled` looks."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before each wheel; `version` is standard or editable."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        from python_duel.platform import ui_build  # noqa: PLC0415

        ui_build.build(root / "web", self.app.display_info)
        for name in ("web/dist", "challenges", "migrations"):
            build_data["force_include"][str(root / name)] = f"python_duel/_bundled/{name}"
