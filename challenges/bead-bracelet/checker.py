def check(input: list, expected: str, output: str) -> bool:
    """Whether the beads are threaded well: all of them, and none beside one of its own colour."""
    [beads] = input
    if expected == "" or output == "":
        return output == expected
    if sorted(output) != sorted(beads):
        return False
    return len(beads) == 1 or all(bead != output[i - 1] for i, bead in enumerate(output))
