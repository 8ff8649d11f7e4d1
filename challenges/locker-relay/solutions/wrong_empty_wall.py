# expect: RE
# Opens locker 0 without looking whether there is one.
def lockers_opened(notes: list[int]) -> int:
    opened = {0}
    locker = notes[0]
    while 0 <= locker < len(notes) and locker not in opened:
        opened.add(locker)
        locker = notes[locker]
    return len(opened)
