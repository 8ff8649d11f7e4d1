# expect: WA
# Also counts the dark ends of the string.
def dark_gap(lanterns: str) -> int:
    return max(len(gap) for gap in lanterns.split("o"))
