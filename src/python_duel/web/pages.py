"""The built UI: files, and the one page for every other path."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

NOT_BUILT = "The UI is not built: run `./duel serve`, or `npm ci && npm run build` in web/."
FOREVER = "public, max-age=31536000, immutable"


class Pages(StaticFiles):
    """Serves `folder`; unknown paths without a file's ending get `index.html`, where the UI's router takes over."""

    def __init__(self, folder: Path) -> None:
        self._built = (folder / "index.html").exists()
        super().__init__(directory=folder, html=True, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, the page, or what is missing."""
        if not self._built:
            return PlainTextResponse(NOT_BUILT, 503)
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or "." in path.rpartition("/")[2] or path.startswith("api/"):
                raise
            response = await super().get_response("index.html", scope)
        # Built assets carry a hash in their names; the page itself must always be asked for.
        response.headers["Cache-Control"] = FOREVER if path.startswith("assets/") else "no-cache"
        return response
