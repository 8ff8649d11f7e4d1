from heapq import heappop, heappush


def fastest_walk(town: list[str]) -> int:
    squares = {(x, y): c for y, row in enumerate(town) for x, c in enumerate(row) if c != "#"}
    start = next(square for square, c in squares.items() if c == "S")
    heap = [(0, start)]
    arrived: set[tuple[int, int]] = set()
    while heap:
        minute, (x, y) = heappop(heap)
        if (x, y) in arrived:
            continue
        if squares[x, y] == "E":
            return minute
        arrived.add((x, y))
        for square in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if square in squares:
                heappush(heap, (arrival(minute + 1, squares[square]), square))
    return -1


def arrival(minute: int, square: str) -> int:
    """The first minute, from `minute` on, at which the square can be entered."""
    return minute + -minute % 3 if square == "=" else minute
