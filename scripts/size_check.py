"""Small rooms: fails when a module is over 400 lines, or the medians of modules or functions are over their limits.

Python under src/ and scripts/, TypeScript under web/src/ (modules only; generated files are left out).
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
MODULE_CAP = 400
MODULE_MEDIAN = 120
FUNCTION_MEDIAN = 10


def main() -> int:
    """Prints the figures; 1 when one of them is over its limit."""
    python = [
        path for folder in ("src", "scripts") for path in sorted((ROOT / folder).rglob("*.py")) if path.stat().st_size
    ]
    script = [path for path in sorted((ROOT / "web" / "src").rglob("*.ts*")) if ".gen." not in path.name]
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (*python, *script)}
    functions = [length for path in python for length in function_lengths(path.read_text(encoding="utf-8"))]
    faults = [
        *(
            f"{path.relative_to(ROOT)}: {n} lines, over {MODULE_CAP}: it is two things, say which"
            for path, n in lines.items()
            if n > MODULE_CAP
        ),
        *over("Python module", [lines[path] for path in python], MODULE_MEDIAN),
        *over("Python function", functions, FUNCTION_MEDIAN),
        *over("TypeScript module", [lines[path] for path in script], MODULE_MEDIAN),
    ]
    for fault in faults:
        print(f"size: {fault}", file=sys.stderr)
    return 1 if faults else 0


def over(what: str, lengths: list[int], limit: int) -> Iterator[str]:
    """Prints one line of figures; yields a fault when the median is over `limit`."""
    if not lengths:
        return
    middle = median(lengths)
    print(f"size: {what}s: {len(lengths)}, median {middle:g} lines (limit {limit}), longest {max(lengths)}")
    if middle > limit:
        yield f"the median {what} has {middle:g} lines, over {limit}"


def function_lengths(source: str) -> Iterator[int]:
    """Lines of every function, from its `def` to its end, without its docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield node.end_lineno - node.lineno + 1 - docstring_lines(node)


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the docstring; 0 without one."""
    first = node.body[0]
    if ast.get_docstring(node) is None or first.end_lineno is None:
        return 0
    return first.end_lineno - first.lineno + 1


if __name__ == "__main__":
    sys.exit(main())
