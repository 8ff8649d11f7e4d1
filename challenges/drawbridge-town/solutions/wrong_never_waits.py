# expect: WA
# Never waits: walks on to a bridge only when it happens to be down.
from collections import deque


def fastest_walk(town: list[str]) -> int:
    squares = {(x, y): c for y, row in enumerate(town) for x, c in enumerate(row) if c != "#"}
    start = next(square for square, c in squares.items() if c == "S")
    queue = deque([(0, start)])
    seen = {(0, start)}
    while queue:
        minute, (x, y) = queue.popleft()
        if squares[x, y] == "E":
            return minute
        for square in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            state = ((minute + 1) % 3, square)
            if square in squares and state not in seen and (squares[square] != "=" or (minute + 1) % 3 == 0):
                seen.add(state)
                queue.append((minute + 1, square))
    return -1
