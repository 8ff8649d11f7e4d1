# expect: WA
# Gives the last minute at which the pots are not there yet.
def minutes_needed(potters: list[list[int]], pots: int) -> int:
    low, high = 0, pots * min(minutes + rest for minutes, _, rest in potters)
    while low + 1 < high:
        middle = (low + high) // 2
        if sum(finished(*potter, middle) for potter in potters) >= pots:
            high = middle
        else:
            low = middle
    return low


def finished(minutes: int, batch: int, rest: int, now: int) -> int:
    rounds, left = divmod(now, minutes * batch + rest)
    return rounds * batch + min(batch, left // minutes)
