# expect: TLE
# Walks down the whole street.
def brightest(lamps: list[list[int]]) -> list[int]:
    best, where = 0, 0
    metre, end = min((a for a, _ in lamps), default=0), max((b for _, b in lamps), default=-1)
    while metre <= end:
        lit = sum(a <= metre <= b for a, b in lamps)
        if lit > best:
            best, where = lit, metre
        metre += 1
    return [best, where]
