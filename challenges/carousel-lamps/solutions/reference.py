def after(lamps: str, evenings: int) -> str:
    seen: dict[str, int] = {}
    looks: list[str] = []
    while lamps not in seen and len(looks) < evenings:
        seen[lamps] = len(looks)
        looks.append(lamps)
        lamps = step(lamps)
    if lamps not in seen:
        return lamps
    first = seen[lamps]
    return looks[first + (evenings - first) % (len(looks) - first)]


def step(lamps: str) -> str:
    return "".join("*" if lamp != lamps[i - 1] else "." for i, lamp in enumerate(lamps))
