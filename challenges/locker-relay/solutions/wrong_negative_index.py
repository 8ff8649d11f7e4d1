# expect: WA
# A negative note opens a locker from the far end of the wall.
def lockers_opened(notes: list[int]) -> int:
    opened: set[int] = set()
    locker = 0
    while locker < len(notes) and locker not in opened and -locker <= len(notes):
        opened.add(locker)
        locker = notes[locker]
    return len(opened)
