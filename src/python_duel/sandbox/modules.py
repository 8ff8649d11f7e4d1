"""What a program may import. The zygote loads it all before the door is shut; nothing can be loaded later."""

import importlib
import sys
from types import ModuleType

PUBLIC = frozenset(
    "__future__ abc array base64 binascii bisect calendar cmath collections collections.abc contextlib copy "
    "dataclasses datetime decimal difflib enum fractions functools graphlib hashlib heapq io itertools json "
    "keyword locale math numbers operator pprint queue random re reprlib secrets statistics string struct sys "
    "textwrap time traceback types typing unicodedata warnings weakref zlib".split()
)
"""The allow-list that the static gate shows to players."""

_BEHIND = (
    "atexit ast linecache threading _strptime encodings.ascii encodings.latin_1 encodings.utf_8_sig encodings.utf_16 "
    "encodings.utf_32 encodings.cp1252 encodings.unicode_escape encodings.idna encodings.hex_codec "
    "encodings.base64_codec"
).split()
"""What the modules above, or the harness, load late."""
if sys.version_info >= (3, 12):
    _BEHIND.append("_pylong")  # what int() and str() of long numbers load

_UNWANTED = ("ctypes", "_ctypes", "socket", "_socket", "select", "selectors", "signal", "subprocess", "importlib.util")
"""The zygote's own tools, which a program has no use for."""


def preload() -> None:
    """Imports all of it."""
    for name in (*sorted(PUBLIC), *_BEHIND):
        importlib.import_module(name)


def shut() -> None:
    """Takes away the ways to load more, the paths of this host, and the zygote's own tools."""
    sys.path[:] = []
    sys.path_hooks[:] = []
    sys.path_importer_cache.clear()
    sys.meta_path[:] = [f for f in sys.meta_path if getattr(f, "__name__", "") in ("BuiltinImporter", "FrozenImporter")]
    for name in [n for n in sys.modules if n in _UNWANTED or n.partition(".")[0] == "python_duel"]:
        del sys.modules[name]
    for module in list(sys.modules.values()):
        if type(module) is ModuleType:
            _forget_origin(module)
    sys.argv[:] = ["solution.py"]
    for name in ("executable", "_base_executable", "prefix", "base_prefix", "exec_prefix", "base_exec_prefix"):
        setattr(sys, name, "")


def _forget_origin(module: ModuleType) -> None:
    for name in ("__file__", "__cached__", "__path__"):
        module.__dict__.pop(name, None)
    if spec := getattr(module, "__spec__", None):
        spec.origin, spec.loader, spec.submodule_search_locations = None, None, None
