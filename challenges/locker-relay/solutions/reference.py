def lockers_opened(notes: list[int]) -> int:
    opened: set[int] = set()
    locker = 0
    while 0 <= locker < len(notes) and locker not in opened:
        opened.add(locker)
        locker = notes[locker]
    return len(opened)
