# expect: WA
# Takes for granted that the first look comes back.
def after(lamps: str, evenings: int) -> str:
    looks: list[str] = []
    while lamps not in looks:
        looks.append(lamps)
        lamps = "".join("*" if lamp != lamps[i - 1] else "." for i, lamp in enumerate(lamps))
    return looks[evenings % len(looks)]
