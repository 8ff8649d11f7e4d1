"""The code a player's document starts with, made from the signature."""

from python_duel.protocol.server import Signature

STDIO = '''def main() -> None:
    """Read standard input with input(), write the answer with print()."""


main()
'''


def python_starter(signature: Signature | None) -> str:
    """Valid Python that defines the function asked for; for a stdio problem (no signature), an empty `main`."""
    if signature is None:
        return STDIO
    parameters = ", ".join(f"{p.name}: {p.type}" for p in signature.parameters)
    return f"def {signature.name}({parameters}) -> {signature.returns}:\n    # Your code here.\n    pass\n"
