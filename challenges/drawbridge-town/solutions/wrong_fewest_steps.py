# expect: WA
# Settles a square by the walk with the fewest steps, which need not be the fastest.
from collections import deque


def fastest_walk(town: list[str]) -> int:
    squares = {(x, y): c for y, row in enumerate(town) for x, c in enumerate(row) if c != "#"}
    start = next(square for square, c in squares.items() if c == "S")
    minutes = {start: 0}
    queue = deque([start])
    while queue:
        x, y = queue.popleft()
        if squares[x, y] == "E":
            return minutes[x, y]
        for square in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if square in squares and square not in minutes:
                minute = minutes[x, y] + 1
                minutes[square] = minute + -minute % 3 if squares[square] == "=" else minute
                queue.append(square)
    return -1
