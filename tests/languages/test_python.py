"""Python: starter code is valid and has the signature asked for; the gate is the judge's."""

import ast

from hypothesis import given

from python_duel.judge import gate
from python_duel.languages.python import GATE, Python
from python_duel.protocol.server import Signature
from tests.challenges.strategies import signatures


@given(signatures())
def test_it_defines_the_function(signature: Signature) -> None:
    [function] = ast.parse(Python().starter(signature)).body
    assert isinstance(function, ast.FunctionDef)
    assert function.name == signature.name
    written = [(a.arg, ast.unparse(a.annotation)) for a in function.args.args if a.annotation]
    assert written == [(p.name, p.type) for p in signature.parameters]
    assert function.returns
    assert ast.unparse(function.returns) == signature.returns


@given(signatures())
def test_it_runs(signature: Signature) -> None:
    names: dict[str, object] = {}
    exec(Python().starter(signature), names)
    assert callable(names[signature.name])


def test_a_program_starts_empty() -> None:
    exec(Python().starter(None), {})


def test_the_gate_is_that_of_the_judge() -> None:
    assert GATE == gate.CHECK
    assert Python().errors >= {"ValueError", "OutputLimit"}
