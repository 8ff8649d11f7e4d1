# expect: TLE
# Plays every evening.
def after(lamps: str, evenings: int) -> str:
    for _ in range(evenings):
        lamps = "".join("*" if lamp != lamps[i - 1] else "." for i, lamp in enumerate(lamps))
    return lamps
