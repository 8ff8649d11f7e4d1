"""The static gate: what it refuses, where it points, and what it must let through."""

import ast
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_duel.judge.gate import check
from python_duel.platform.bundled import bundled

REFUSED = [
    ('__import__("os")', 1, 1),
    ("x = 1\ny = eval", 2, 5),
    ("import math, os", 1, 1),
    ("from os import path", 1, 1),
    ("from . import x", 1, 1),
    ("from sys import modules", 1, 1),
    ("from math import *\nfrom sys import *", 2, 1),
    ("import random\nrandom._os", 2, 1),
    ("import enum as e\ne.sys", 2, 1),
    ("import enum\na = enum\na.sys", 3, 1),
    ("import io\nio.open('x')", 2, 1),
    ("import io\nio.OpenWrapper('x')", 2, 1),
    ("import enum\nenum.bltns.eval('1')", 2, 1),
    ("from enum import bltns", 1, 1),
    ("import queue\nqueue.threading", 2, 1),
    ("import re\nx = re\nx.copyreg", 3, 1),
    ("import random\nclass A:\n    _os: int\nx = random\nx._os", 5, 1),
    ("class A:\n    gi_frame: int\nx.gi_frame", 3, 1),
    ("'{0.gi_frame}'.format(x)", 1, 1),
    ("import string\nstring.Formatter", 2, 1),
    ("x.get_field(y)", 1, 1),
    ("from traceback import walk_stack", 1, 1),
    ("f().__dict__", 1, 1),
    ("self.__dict__ = {}", 1, 1),
    ("f().__class__", 1, 1),
    ("getattr(x, f'{y}')", 1, 1),
    ("getattr(x, f'__{y}')", 1, 1),
    ("getattr(x, 'gi_' + y)", 1, 1),
    ("getattr(x, 'func' + y)", 1, 1),
    ("getattr(x, 'get_' + y)", 1, 1),
    ("open('/dev/stdout')", 1, 1),
    ("import sys\ns = sys", 2, 5),
    ("import sys as y\ny._getframe()", 2, 1),
    ("f(x).__dict__", 1, 1),
    ("x.__class__ = int", 1, 1),
    ("().__class__", 1, 1),
    ("x.__class__.__mro__", 1, 1),
    ("x.__class__.mro()", 1, 1),
    ("print.__self__", 1, 1),
    ("open('x')", 1, 1),
    ("f = open", 1, 5),
    ("getattr(x, y)", 1, 1),
    ("getattr(x, '__class__')", 1, 1),
    ("map(getattr, x, y)", 1, 5),
    ("from operator import attrgetter as a\na(x)", 1, 1),
    ("import operator\na = operator.attrgetter", 2, 5),
    ("import operator\noperator.attrgetter('a.__class__')", 2, 1),
    ("'{0.__class__}'.format(1)", 1, 1),
    ("'{0[__class__]}'", 1, 1),
    ("type('X', (), {})", 1, 1),
    ("type(*x)", 1, 1),
    ("def __getattr__(n): pass", 1, 1),
    ("class A:\n    def __reduce__(self): pass", 2, 5),
    ("class A:\n    __class_getitem__ = print", 2, 5),
    ("try: pass\nexcept E as e: e.obj", 2, 1),
    ("def f(eval): pass", 1, 7),
    ("f(exec=1)", 1, 3),
    ("lambda: globals()", 1, 9),
    ("match x:\n    case A(__class__=c): pass", 2, 10),
    ("match x:\n    case {**exec}: pass", 2, 10),
    ("match x:\n    case [*eval]: pass", 2, 11),
    ("match x:\n    case 1 as eval: pass", 2, 10),
    ("def f():\n    global __builtins__", 2, 5),
    ("'ä'; eval", 1, 6),
    ("ﬁle = 1", 1, 1),
    ("x = '\u202e'", 1, 6),
    ("\n\ud800", 2, 1),
    ("x\0", 1, 2),
    ("#!x\n# vim: set fileencoding=latin-1", 2, 25),
]


@pytest.mark.parametrize(("source", "line", "column"), REFUSED, ids=ascii)
def test_refused_with_its_place_and_a_sentence(source: str, line: int, column: int) -> None:
    found = check(source)
    assert found is not None
    assert found[:2] == (line, column)
    assert found[2].endswith(".")


FINE = [
    "x = 'eval'  # exec(open)",
    "open_count = evaluate = 1",
    "import re\nre.compile('x')",
    "class A:\n    def open(self): pass\n    def compile(self): pass\nA().open()",
    "open, close = '()'\nprint(open)",
    "def f(open): return open",
    "data = open(0).read()",
    "import sys\ninput = sys.stdin.readline\nsys.setrecursionlimit(9**9)\nsys.stdout.write('x')",
    "from sys import stdin, exit",
    "from __future__ import annotations",
    "import collections.abc",
    "from collections import defaultdict as dd, abc",
    "from datetime import datetime\nfrom time import time\nfrom copy import copy",
    "from math import *\nfrom itertools import *",
    "class A:\n    __slots__ = ('a',)\n    def __init__(self): super().__init__()\n    __hash__ = None",
    "class A:\n    __radd__ = int.__add__",
    "class A:\n    def __eq__(self, other): return self.__class__ == other.__class__",
    "f'{type(x).__name__} {x.__class__.__name__}'",
    "object.__setattr__(self, 'x', 1)",
    "getattr(x, 'name', None)",
    "from operator import attrgetter\nsorted(x, key=attrgetter('a', 'b.c'))",
    "if __name__ == '__main__': pass",
    "print(__doc__)",
    "x._private = y.__mangled",
    "'{0.name} {1[key]}'.format(a, b)",
    "type(x) is int",
    "# -*- coding: utf-8 -*-",
    "größe = 'ﬁ'",
    "from typing import *\nfrom dataclasses import dataclass",
    "exit()",
    "vars = {}\nvars['x'] = 1",
    "self.os = self.sys = 1",
    "class Phone:\n    os: str\nphone.os",
    "class Board:\n    def get_field(self, x): return x\nboard.get_field(1)",
    "class Stack:\n    def print_stack(self): pass\n    def inspect(self): self.print_stack()\nStack().inspect()",
    "class A:\n    def __repr__(self): return str(self.__dict__)\n    def __eq__(self, other): return other.__dict__",
    "self.__dict__.update(x)",
    "node.next.__class__ is node.__class__",
    "try: f()\nexcept E as error: print(error.__cause__, error.__context__)",
    "f.__wrapped__(1)\nA.__annotations__\nColour.__members__",
    "getattr(self, f'visit_{kind}')(1)\ngetattr(self, 'on_' + kind, None)",
    "open('/dev/stdin').read()\nopen(0, 'rb').read()",
    "import json, collections\njson.decoder.JSONDecodeError\ncollections.abc.Iterable",
]


@pytest.mark.parametrize("source", FINE)
def test_what_honest_players_write_passes(source: str) -> None:
    assert check(source) is None


@pytest.mark.parametrize("path", sorted(bundled("challenges").glob("*/*/*.py")), ids=lambda p: "/".join(p.parts[-3:]))
def test_no_bundled_solution_is_refused(path: Path) -> None:
    source = path.read_text()
    if "# expect: REJ" not in source and "# expect: CE" not in source:
        assert check(source) is None


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("os", "sys.stdin"),
        ("threading", "setrecursionlimit"),
        ("concurrent.futures", "no threads"),
        ("asyncio", "plain functions"),
        ("numpy", "standard library"),
        ("itertool", "did you mean 'itertools'?"),
        ("nosuch", "These are: abc,"),
    ],
)
def test_a_module_that_is_not_offered_is_met_with_advice(module: str, words: str) -> None:
    found = check(f"import {module}")
    assert found is not None
    assert words in found[2]


def test_many_findings_cost_little() -> None:
    begin = time.process_time()
    assert check("eval\n" * 13_000)
    assert time.process_time() - begin < 1


@given(st.text(max_size=60))
def test_any_text_gets_a_finding_or_a_syntax_error(source: str) -> None:
    try:
        found = check(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    if found is not None:
        line, column, _ = found
        assert 1 <= line <= source.count("\n") + 1
        assert 1 <= column <= len(source.split("\n")[line - 1]) + 1


FORBIDDEN = "__subclasses__"
FIELDS = sorted(
    (kind.__name__, field)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
    for field in kind._fields
    if field in {"id", "attr", "name", "asname", "arg", "names", "rest", "kwd_attrs", "module"}
)
EXAMPLES = {
    ("Name", "id"): "{}",
    ("Attribute", "attr"): "x.{}",
    ("alias", "name"): "from math import {}",
    ("alias", "asname"): "import math as {}",
    ("ImportFrom", "module"): "from {} import x",
    ("keyword", "arg"): "f({}=1)",
    ("arg", "arg"): "def f({}): pass",
    ("FunctionDef", "name"): "def {}(): pass",
    ("AsyncFunctionDef", "name"): "async def {}(): pass",
    ("ClassDef", "name"): "class {}: pass",
    ("ExceptHandler", "name"): "try: pass\nexcept E as {}: pass",
    ("MatchAs", "name"): "match x:\n    case {}: pass",
    ("MatchStar", "name"): "match x:\n    case [*{}]: pass",
    ("MatchMapping", "rest"): "match x:\n    case {{**{}}}: pass",
    ("MatchClass", "kwd_attrs"): "match x:\n    case A({}=1): pass",
    ("Global", "names"): "global {}",
    ("Nonlocal", "names"): "def f():\n    x = 1\n    def g():\n        nonlocal x, {}",
    ("TypeVar", "name"): "def f[{}](): pass",
    ("ParamSpec", "name"): "def f[**{}](): pass",
    ("TypeVarTuple", "name"): "def f[*{}](): pass",
    ("TypeAlias", "name"): "type {} = int",
}


@pytest.mark.parametrize(
    ("kind", "field"), [f for f in FIELDS if f not in {("Import", "names"), ("ImportFrom", "names")}]
)
def test_every_field_that_can_hold_a_name_is_walked(kind: str, field: str) -> None:
    assert check(EXAMPLES[kind, field].format(FORBIDDEN)) is not None
