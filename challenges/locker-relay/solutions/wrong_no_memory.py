# expect: TLE
# Never notices that a locker was opened before.
def lockers_opened(notes: list[int]) -> int:
    count = locker = 0
    while 0 <= locker < len(notes):
        count += 1
        locker = notes[locker]
    return count
