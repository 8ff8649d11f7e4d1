"""Rules over the syntax tree. Every field that can hold a name is looked at, whatever kind of node it is in."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cached_property

from python_duel.judge.gate import names
from python_duel.judge.gate.finding import Finding, at
from python_duel.judge.gate.imports import Imports, carries, import_problem

_NO_NAMES = {("Constant", "value"), ("Constant", "kind"), ("Interpolation", "str")}
_SCALARS = {int, type(None), float, bool, bytes}
_INNER_FIELD = re.compile(rf"\{{[^{{}}]*[.\[]\s*(?:__\w|(?:{'|'.join(names.INTROSPECTION)})\b)")
_TEACH_DUNDER = "leads into the interpreter; work with plain attributes and functions"


def finding(source: str, module: ast.Module) -> Finding | None:
    """The first finding in the order of the text."""
    walker = _Walker(module)
    found = min(walker.problems(), key=_position, default=None)
    return found and at(source, *found)


def _position(found: tuple[ast.AST, str]) -> tuple[int, int]:
    node = found[0]
    return getattr(node, "lineno", 1), getattr(node, "col_offset", 0)


_TELLING = names.INTROSPECTION | names.SOFT_BUILTINS.keys() | names.LITERAL_ATTRIBUTE_BUILTINS.keys()
"""Bare names that a rule of their own looks at."""


class _Walker:
    """Collects what a rule needs to know of the whole, then judges node by node. No recursion: depth is hostile."""

    def __init__(self, module: ast.Module) -> None:
        self._nodes: list[ast.AST] = [module]
        self._names: dict[int, list[tuple[str, str]]] = {}
        """By node: field and name of every text that is no literal, in nodes of later versions of Python too."""
        for node in self._nodes:  # grows meanwhile: parents come before their children
            self._collect(node)
        self._imports = Imports(self._nodes)
        self._fine: set[int] = set()
        """Nodes that what stands around them makes harmless."""

    def _collect(self, node: ast.AST) -> None:
        for field in node._fields:
            value = getattr(node, field, None)
            if type(value) in _SCALARS:
                continue
            for item in value if type(value) is list else (value,):
                if type(item) is str:
                    if (type(node).__name__, field) not in _NO_NAMES and field != "type_comment":
                        self._names.setdefault(id(node), []).extend((field, part) for part in item.split("."))
                elif isinstance(item, ast.AST) and item._fields:
                    self._nodes.append(item)  # without fields: contexts and operators

    @cached_property
    def _methods(self) -> set[int]:
        return {id(n) for c in self._nodes if isinstance(c, ast.ClassDef) for n in c.body}

    @cached_property
    def _class_targets(self) -> set[int]:
        assigned = (n for n in self._nodes if id(n) in self._methods and isinstance(n, ast.Assign))
        return {id(target) for node in assigned for target in node.targets}

    @cached_property
    def _bound(self) -> set[str]:
        return set(self._bindings())

    @cached_property
    def _members(self) -> set[str]:
        return set(self._own_members())

    def _bindings(self) -> Iterator[str]:
        for node in self._nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.arg):
                yield node.arg
            elif isinstance(node, ast.FunctionDef | ast.ClassDef) and id(node) not in self._methods:
                yield node.name

    def _own_members(self) -> Iterator[str]:
        """Attributes and methods that the program itself makes: with them, an everyday name means what it says."""
        for node in self._nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                yield node.attr
            elif id(node) in self._methods:
                if isinstance(node, ast.FunctionDef):
                    yield node.name
                elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    yield node.target.id

    def problems(self) -> Iterator[tuple[ast.AST, str]]:
        """Parents come before their children, so a parent can vouch for a child."""
        for node in self._nodes:
            rule = _RULES.get(type(node))
            if rule is not None and (message := rule(self, node)):
                yield node, message
            elif id(node) in self._names and id(node) not in self._fine:
                for field, name in self._names[id(node)]:
                    if message := self._name(node, field, name):
                        yield node, message

    def _name(self, node: ast.AST, field: str, name: str) -> str | None:
        """Rules for any name in any field."""
        if isinstance(node, ast.Attribute):
            return self._attribute_name(node)
        if isinstance(node, ast.ImportFrom | ast.alias) and name == "__future__":
            return None
        if name in names.HARD_BUILTINS and id(node) not in self._methods:
            return f"{name!r} is not allowed here: {names.HARD_BUILTINS[name]}."
        if _is_dunder(name):
            return self._dunder(node, name)
        if name in names.INTROSPECTION and not isinstance(node, ast.Name | ast.arg):
            return f"{name!r} {_TEACH_DUNDER}."
        return None

    def _dunder(self, node: ast.AST, name: str) -> str | None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if id(node) not in self._methods:
                return f"A function {name!r} outside of a class has a meaning of its own: choose another name."
            return f"The method {name!r} {_TEACH_DUNDER}." if name in names.METHODS_REFUSED else None
        if isinstance(node, ast.Name) and name in names.WRITABLE_DUNDERS:
            return None
        if name == "__getattr__" and id(node) in self._class_targets:
            return None
        return f"{name!r} {_TEACH_DUNDER}."

    def _attribute_name(self, node: ast.Attribute) -> str | None:
        name, base = node.attr, node.value
        module = self._imports.module_of(base)
        if _is_dunder(name):
            harmless = name in names.READABLE_DUNDERS or _reads_class(node) or _reads_own(node)
            return None if harmless else f"'.{name}' {_TEACH_DUNDER}."
        if module == "sys":
            return (
                None if name in names.SYS_MEMBERS else f"'sys.{name}' is not allowed: of sys, use stdin, stdout, exit."
            )
        if module and (name.startswith("_") or name in names.REFUSED_MEMBERS.get(module, ()) or carries(module, name)):
            return f"'{module}.{name}' is not allowed: use the public functions of {module}, without files."
        if name in names.LITERAL_ATTRIBUTE_BUILTINS:
            return f"{name!r} can only be called, with the attribute's name written out."
        if name in names.INTROSPECTION:
            return f"'.{name}' {_TEACH_DUNDER}."
        if not module and (_is_name(base, "self") or (name in self._members and not name.startswith("_"))):
            return None
        if name in names.OTHER_MODULES:
            return (
                f"'.{name}' reaches another module: import what you need; {name.lstrip('_')!r} itself is not offered."
            )
        return f"'.{name}' {_TEACH_DUNDER}." if name in names.EVERYDAY else None

    def on_name(self, node: ast.Name) -> str | None:
        if (node.id not in _TELLING and self._imports.module_of(node) != "sys") or id(node) in self._fine:
            return None
        if self._imports.module_of(node) == "sys" and isinstance(node.ctx, ast.Load):
            return "'sys' can be used for its members only, as in sys.stdin: it cannot be passed on."
        if node.id in names.INTROSPECTION and node.id not in self._bound:
            return f"{node.id!r} {_TEACH_DUNDER}."
        if node.id in names.SOFT_BUILTINS and node.id not in self._bound:
            return f"{node.id!r} is not allowed: {names.SOFT_BUILTINS[node.id]}."
        if (
            node.id in names.LITERAL_ATTRIBUTE_BUILTINS
            and node.id not in self._bound
            and isinstance(node.ctx, ast.Load)
        ):
            return f"{node.id!r} can only be called, with the attribute's name written out."
        return None

    def on_attribute(self, node: ast.Attribute) -> str | None:
        if self._imports.module_of(node.value):
            self._fine.add(id(node.value))
        inner = node.value
        if node.attr == "__name__" and isinstance(inner, ast.Attribute) and inner.attr == "__class__":
            self._fine.add(id(inner))
        return None

    def on_call(self, node: ast.Call) -> str | None:
        name = _called(node.func)
        if name in names.LITERAL_ATTRIBUTE_BUILTINS and name not in self._bound:
            self._fine.add(id(node.func))
            return _looked_up(node, name)
        if _is_name(node.func, "type") and (
            len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred)
        ):
            return "type() with more than one argument makes a class out of text: write a class statement."
        if _is_name(node.func, "open") and node.args and _is_stdin(node.args[0]):
            self._fine.add(id(node.func))
        return None

    def on_handler(self, node: ast.ExceptHandler) -> str | None:
        inside = (n for part in node.body for n in ast.walk(part)) if node.name else ()
        reads = any(
            isinstance(n, ast.Attribute) and n.attr == "obj" and _is_name(n.value, node.name or "") for n in inside
        )
        return f"'{node.name}.obj' {_TEACH_DUNDER}." if reads else None

    def on_constant(self, node: ast.Constant) -> str | None:
        if isinstance(node.value, str) and _INNER_FIELD.search(node.value):
            return f"A format field that reads such an attribute {_TEACH_DUNDER}."
        return None

    def on_import(self, node: ast.Import | ast.ImportFrom) -> str | None:
        return import_problem(node)


_RULES: dict[type[ast.AST], Callable[..., str | None]] = {
    ast.Name: _Walker.on_name,
    ast.Attribute: _Walker.on_attribute,
    ast.Call: _Walker.on_call,
    ast.ExceptHandler: _Walker.on_handler,
    ast.Constant: _Walker.on_constant,
    ast.Import: _Walker.on_import,
    ast.ImportFrom: _Walker.on_import,
}


def _reads_class(node: ast.Attribute) -> bool:
    """`other.__class__` or `self.next.__class__`; what could follow it is refused by its own name."""
    owner = node.value
    while isinstance(owner, ast.Attribute) and not _is_dunder(owner.attr):
        owner = owner.value
    return node.attr == "__class__" and isinstance(owner, ast.Name) and isinstance(node.ctx, ast.Load)


def _reads_own(node: ast.Attribute) -> bool:
    owner = node.value.id if isinstance(node.value, ast.Name) else ""
    return node.attr in names.OWN_READABLE.get(owner, ()) and isinstance(node.ctx, ast.Load)


def _looked_up(node: ast.Call, name: str) -> str | None:
    texts = node.args[names.LITERAL_ATTRIBUTE_BUILTINS[name]]
    for text in texts:
        if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
            if name == "getattr" and _is_harmless_prefix(_prefix(text)):
                continue
            return (
                f"{name}() needs the attribute's name written out, as in {name}({'x, ' * (name == 'getattr')}'name')."
            )
        parts = text.value.split(".")
        if any(
            p in names.INTROSPECTION | names.EVERYDAY or (_is_dunder(p) and p not in names.READABLE_DUNDERS)
            for p in parts
        ):
            return f"{name}() of {text.value!r} {_TEACH_DUNDER}."
    return None


def _prefix(text: ast.expr) -> str:
    """What a text that is put together begins with, as in f"visit_{kind}" and "visit_" + kind."""
    first: ast.expr | None = None
    if isinstance(text, ast.JoinedStr):
        first = text.values[0] if text.values else None
    elif isinstance(text, ast.BinOp) and isinstance(text.op, ast.Add):
        first = text.left
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def _is_harmless_prefix(prefix: str) -> bool:
    """No name that leads into the interpreter begins like this."""
    refused = names.INTROSPECTION | names.EVERYDAY | names.OTHER_MODULES
    return prefix[:1].isalpha() and prefix.endswith("_") and not any(name.startswith(prefix) for name in refused)


def _called(function: ast.expr) -> str:
    """The last name of what is called: `f` in f(), m.f()."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_stdin(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in (0, "/dev/stdin")
