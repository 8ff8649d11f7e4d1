def dark_gap(lanterns: str) -> int:
    return max(len(gap) for gap in lanterns.strip(".").split("o"))
