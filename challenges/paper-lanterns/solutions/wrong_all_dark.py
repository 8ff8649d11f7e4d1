# expect: RE
# Fails when no lantern is lit.
def dark_gap(lanterns: str) -> int:
    first, last = lanterns.index("o"), lanterns.rindex("o")
    return max(len(gap) for gap in lanterns[first : last + 1].split("o"))
