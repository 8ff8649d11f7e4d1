# expect: WA
# Gives the distance between the lit lanterns, not the dark ones between them.
def dark_gap(lanterns: str) -> int:
    lit = [i for i, c in enumerate(lanterns) if c == "o"]
    return max((b - a for a, b in zip(lit, lit[1:])), default=0)
