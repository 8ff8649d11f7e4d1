# expect: WA
# Reads only the last digit of a number.
import sys

letters = ks = number = 0
outside: list[tuple[int, int, int]] = []
for c in sys.stdin.readline().strip():
    if c.isdigit():
        number = int(c)
    elif c == "(":
        outside.append((letters, ks, number))
        letters = ks = 0
    elif c == ")":
        before, ks_before, times = outside.pop()
        letters, ks = before + times * letters, ks_before + times * ks
    else:
        letters, ks = letters + 1, ks + (c == "k")
print(letters, ks)
