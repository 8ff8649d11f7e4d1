# expect: WA
# Changes the lamps one after the other instead of all at once.
def after(lamps: str, evenings: int) -> str:
    ring = list(lamps)
    for _ in range(evenings % 4095 if evenings > 4095 else evenings):
        for i in range(len(ring)):
            ring[i] = "*" if ring[i] != ring[i - 1] else "."
    return "".join(ring)
