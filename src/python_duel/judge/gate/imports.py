"""Rules over imports: an allow-list of modules, and no way around it through what they carry along."""

import ast
from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType

from python_duel.judge.gate import names
from python_duel.sandbox.modules import PUBLIC


class Imports:
    """Which names of a source stand for which modules."""

    def __init__(self, nodes: Iterable[ast.AST]) -> None:
        self._modules = {
            alias.asname or alias.name.partition(".")[0]: alias.name if alias.asname else alias.name.partition(".")[0]
            for node in nodes
            if isinstance(node, ast.Import)
            for alias in node.names
        }

    def module_of(self, node: ast.expr) -> str | None:
        """The module that a bare name stands for."""
        return self._modules.get(node.id) if isinstance(node, ast.Name) else None


def import_problem(node: ast.Import | ast.ImportFrom) -> str | None:
    """Why this statement is refused."""
    if isinstance(node, ast.Import):
        return next((_not_offered(a.name) for a in node.names if a.name not in PUBLIC), None)
    if node.level or node.module is None:
        return "A program is one file: there is nothing to import from beside it."
    if node.module not in PUBLIC:
        return _not_offered(node.module)
    return next((problem for a in node.names if (problem := _member_problem(node.module, a))), None)


def _member_problem(module: str, alias: ast.alias) -> str | None:
    name = alias.name
    if module == "__future__":
        return None
    if name in names.LITERAL_ATTRIBUTE_BUILTINS and alias.asname:
        return f"{name!r} must keep its name."
    if name == "*":
        return None if module in names.STAR_MODULES else f"'from {module} import *' is not allowed: name what you need."
    if module == "sys" and name not in names.SYS_MEMBERS:
        return f"'sys.{name}' is not allowed: of sys, use stdin, stdout, exit."
    refused = names.INTROSPECTION | names.EVERYDAY | names.OTHER_MODULES | names.REFUSED_MEMBERS.get(module, set())
    if name.startswith("_") or name in refused or carries(module, name):
        return f"{name!r} of {module} is not allowed: use the public functions of {module}, without files."
    return None


def carries(module: str, name: str) -> bool:
    """Whether `module.name` is another module that programs may not import."""
    if module not in PUBLIC:
        return False
    found = getattr(import_module(module), name, None)
    if not isinstance(found, ModuleType):
        return False
    return found.__name__ not in PUBLIC and not found.__name__.startswith(f"{module}.")


def _not_offered(module: str) -> str:
    root = module.partition(".")[0]
    if hint := names.INSTEAD.get(root):
        return f"The module {root!r} is not offered: {hint}."
    if near := get_close_matches(module, sorted(PUBLIC), n=1, cutoff=0.8):
        return f"The module {module!r} is not offered: did you mean {near[0]!r}?"
    offered = ", ".join(sorted(name for name in PUBLIC if name.isalpha() and name.islower()))
    return f"The module {module!r} is not offered. These are: {offered}."
