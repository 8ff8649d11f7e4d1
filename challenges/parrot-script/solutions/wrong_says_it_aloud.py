# expect: TLE
# Says every letter, one by one.
import sys

script = sys.stdin.readline().strip()
letters = ks = 0


def say(start: int, end: int) -> None:
    global letters, ks
    number = 0
    while start < end:
        c = script[start]
        if c.isdigit():
            number = number * 10 + int(c)
        elif c == "(":
            depth, close = 1, start
            while depth:
                close += 1
                depth += {"(": 1, ")": -1}.get(script[close], 0)
            for _ in range(number):
                say(start + 1, close)
            number, start = 0, close
        else:
            letters, ks = letters + 1, ks + (c == "k")
        start += 1


say(0, len(script))
print(letters, ks)
