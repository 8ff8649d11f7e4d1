"""What is shown of a sample must not carry the input of a hidden case, whatever the program reads."""

import pytest

from python_duel.challenges.package import TestCase
from python_duel.judge.grading import Solution, grade
from python_duel.languages import LANGUAGES
from tests.escape.scene import Stage, package

SECRET = 987654321
SHOWN = [TestCase(name=str(n), args=[n, 1], expected=n + 1) for n in range(4)]
HIDDEN = [TestCase(name=f"hidden {n}", args=[SECRET, n], expected=SECRET + n) for n in range(8)]
SPIES = {
    "python": """
import posix
def add(a, b):
    if a < 1000:
        seen = b""
        try:
            for fd in (3, 0, 4, 5): seen += posix.read(fd, 1 << 16) if a == 3 else b""
        except OSError: pass
        print(seen)
    return a + b
""",
    "cpp": """
#include <cstdio>
#include <unistd.h>
#include <poll.h>
long long add(long long a, long long b) {
    static char room[1 << 16];
    pollfd one{3, POLLIN, 0};
    if (a == 3 && poll(&one, 1, 50) == 1) { long n = read(3, room, sizeof room); fwrite(room, 1, n, stdout); }
    return a + b;
}
""",
    "java": """
import java.io.*;
import java.lang.reflect.*;
class Solution {
    static long add(long a, long b) {
        try {
            Constructor<FileDescriptor> make = FileDescriptor.class.getDeclaredConstructor(int.class);
            make.setAccessible(true);
            InputStream in = new FileInputStream(make.newInstance(3));
            if (a == 3 && in.available() > 0) System.out.println(new String(in.readNBytes(in.available())));
        } catch (Throwable t) { }
        return a + b;
    }
}
""",
    "javascript": """
function add(a, b) {
    const room = Buffer.alloc(65536);
    if (a === 3) try { console.log(room.toString("latin1", 0, require("fs").readSync(3, room))); } catch { }
    return a + b;
}
""",
}


@pytest.mark.parametrize("language", sorted(SPIES))
def test_no_hidden_input_is_in_reach_while_a_sample_runs(stage: Stage, language: str) -> None:
    if why := stage.why_not(language, "full"):
        pytest.skip(why)
    challenge = package("function", SHOWN, 500).model_copy(update={"hidden": HIDDEN})
    solution = Solution(SPIES[language], LANGUAGES[language], check=False)
    result = grade(stage.runner(language, "full"), challenge, solution, challenge.cases)
    assert [one.case for one in result.judged[: len(SHOWN)]] == SHOWN
    assert str(SECRET) not in "".join(f"{one.stdout}{one.stderr}{one.output}" for one in result.judged[: len(SHOWN)])
