# expect: WA
# Forgets the outer number when parentheses are nested.
import sys

letters = ks = number = 0
times = 1
for c in sys.stdin.readline().strip():
    if c.isdigit():
        number = number * 10 + int(c)
    elif c == "(":
        times, number = number, 0
    elif c == ")":
        times = 1
    else:
        letters, ks = letters + times, ks + times * (c == "k")
print(letters, ks)
