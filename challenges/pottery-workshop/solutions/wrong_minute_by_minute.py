# expect: TLE
# Looks at every minute.
def minutes_needed(potters: list[list[int]], pots: int) -> int:
    now = 0
    while sum(finished(*potter, now) for potter in potters) < pots:
        now += 1
    return now


def finished(minutes: int, batch: int, rest: int, now: int) -> int:
    rounds, left = divmod(now, minutes * batch + rest)
    return rounds * batch + min(batch, left // minutes)
