from collections import Counter


def bracelet(beads: str) -> str:
    by_count = "".join(bead * count for bead, count in Counter(beads).most_common())
    if len(beads) > 1 and by_count.count(by_count[0]) > len(beads) // 2:
        return ""
    # Every second place first, beginning with the most frequent colour: it never fills both ends.
    threaded = [""] * len(beads)
    threaded[::2] = by_count[: (len(beads) + 1) // 2]
    threaded[1::2] = by_count[(len(beads) + 1) // 2 :]
    return "".join(threaded)
