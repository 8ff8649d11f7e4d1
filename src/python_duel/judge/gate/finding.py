"""What a rule finds."""

import ast

Finding = tuple[int, int, str]
"""Line and column, both from 1 and in characters, and a sentence."""


def at(source: str, node: ast.AST, message: str) -> Finding:
    """`message` at the beginning of `node`; the parser counts columns in bytes of UTF-8."""
    line, offset = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    text = source.split("\n")[line - 1]
    return line, len(text.encode()[:offset].decode("utf-8", "replace")) + 1, message
