def brightest(lamps: list[list[int]]) -> list[int]:
    changes = sorted([(start, 1) for start, _ in lamps] + [(end + 1, -1) for _, end in lamps])
    best, where, lit = 0, 0, 0
    for metre, change in changes:
        lit += change
        if lit > best:
            best, where = lit, metre
    return [best, where]
