# expect: WA
# Pairs the first half with the second and loses the bead in the middle.
from collections import Counter


def bracelet(beads: str) -> str:
    by_count = "".join(bead * count for bead, count in Counter(beads).most_common())
    if len(beads) > 1 and by_count.count(by_count[0]) > len(beads) // 2:
        return ""
    half = len(beads) // 2
    return "".join(a + b for a, b in zip(by_count[:half], by_count[half:]))
