# expect: WA
# Forgets that the last bead is a neighbour of the first.
from collections import Counter


def bracelet(beads: str) -> str:
    by_count = "".join(bead * count for bead, count in Counter(beads).most_common())
    if by_count.count(by_count[0]) > (len(beads) + 1) // 2:
        return ""
    threaded = [""] * len(beads)
    threaded[::2] = by_count[: (len(beads) + 1) // 2]
    threaded[1::2] = by_count[(len(beads) + 1) // 2 :]
    return "".join(threaded)
