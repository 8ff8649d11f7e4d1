# expect: WA
# Takes the colours by name instead of the most frequent first.
def bracelet(beads: str) -> str:
    ordered = sorted(beads)
    if len(beads) > 1 and max(map(beads.count, set(beads))) > len(beads) // 2:
        return ""
    threaded = [""] * len(beads)
    threaded[::2] = ordered[: (len(beads) + 1) // 2]
    threaded[1::2] = ordered[(len(beads) + 1) // 2 :]
    return "".join(threaded)
