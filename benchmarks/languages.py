"""What compiled languages cost, from source to verdict, beside the bare tools: `[ROUNDS] [--json]`.

Each round compiles a program nobody compiled before. Cold tools run outside of any sandbox, with the same flags.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

from benchmarks.interleaved import figures, measure, show
from python_duel.languages import LANGUAGES, Language, Prepared, Runner
from python_duel.protocol.server import Parameter, Signature
from python_duel.sandbox import Ending, Limits, best_level

SIGNATURE = Signature(name="add", parameters=[Parameter(name=name, type="int") for name in "ab"], returns="int")
CASES = [json.dumps([n, 1]) for n in range(10)]
FUNCTIONS = {
    "cpp": "#include <vector>\nlong long add(long long a, long long b) {{ return a + b; }} // {}\n",
    "java": "class Solution {{ static long add(long a, long b) {{ return a + b; }} }} // {}\n",
    "javascript": "function add(a, b) {{ return a + b; }} // {}\n",
}
COLD = {
    "cpp": ("main.cpp", "int main() {{ return {} - {}; }}\n"),
    "java": (
        "Main.java",
        'public class Main {{ public static void main(String[] a) {{ System.out.println("{} {}"); }} }}\n',
    ),
    "javascript": ("main.js", "console.log({} - {})\n"),
}
_numbers = count()


def verdict(runner: Runner, source: str) -> None:
    """Compiled or taken from the cache, then ten cases."""
    prepared = runner.prepare(source, SIGNATURE, check=True)
    assert isinstance(prepared, Prepared), prepared
    outcome = runner.call(prepared, CASES, Limits())
    assert outcome.ending is Ending.ANSWERED, outcome
    assert [answer.value for answer in outcome.answers] == [n + 1 for n in range(10)]


def cold(language: Language, folder: Path) -> Callable[[], None]:
    """The tools as anybody would call them."""
    name, text = COLD[language.name]
    commands = {
        "cpp": [gxx_with_header(folder)],
        "java": [["javac", name], ["java", "Main"]],
        "javascript": [["node", name]],
    }[language.name]

    def subject() -> None:
        (folder / name).write_text(text.format(*[next(_numbers)] * 2))
        for command in commands:
            subprocess.run(command, check=True, cwd=folder, capture_output=True)

    return subject


def gxx_with_header(folder: Path) -> list[str]:
    """g++ with the standard library compiled ahead, which is made here."""
    flags = ["-O2", "-std=c++20", "-static", "-s"]
    (folder / "all.hpp").write_text("#include <bits/stdc++.h>\n")
    subprocess.run(["g++", *flags, "-x", "c++-header", "all.hpp"], check=True, cwd=folder)
    return ["g++", *flags, "-include", "all.hpp", "main.cpp", "-o", "main"]


def compared(language: Language, rounds: int) -> dict[str, dict[str, float]]:
    """Cold tools, a new program, the same program once more."""
    level, source = best_level(), FUNCTIONS[language.name]
    assert level is not None
    floor = {"cpp": "g++ with the header alone", "java": "cold javac && java", "javascript": "node"}[language.name]
    known = source.format("known")
    with tempfile.TemporaryDirectory() as folder, language.open(level) as runner:
        subjects: dict[str, Callable[[], object]] = {
            floor: cold(language, Path(folder)),
            "new source, ten cases, verdict": lambda: verdict(runner, source.format(next(_numbers))),
            "known source, prepared again": lambda: runner.prepare(known, SIGNATURE, check=True),
            "known source, ten cases, verdict": lambda: verdict(runner, known),
        }
        return figures(measure(subjects, rounds), floor)


def main() -> None:
    """Prints a table for each compiled language whose toolchain is here."""
    rounds = next((int(argument) for argument in sys.argv[1:] if argument.isdigit()), 15)
    for language in LANGUAGES.values():
        if language.name in FUNCTIONS:
            if language.toolchain().ok:
                show(language.title, compared(language, rounds), "--json" in sys.argv)
            else:
                print(f"{language.title} is not on this machine", file=sys.stderr)


if __name__ == "__main__":
    main()
