# expect: WA
# Lets a potter make pots during the rest.
def minutes_needed(potters: list[list[int]], pots: int) -> int:
    low, high = 0, pots * min(minutes + rest for minutes, _, rest in potters)
    while low < high:
        middle = (low + high) // 2
        if sum(finished(*potter, middle) for potter in potters) >= pots:
            high = middle
        else:
            low = middle + 1
    return low


def finished(minutes: int, batch: int, rest: int, now: int) -> int:
    rounds, left = divmod(now, minutes * batch + rest)
    return rounds * batch + left // minutes
