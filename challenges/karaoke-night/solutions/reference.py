import sys

waiting: dict[str, None] = {}
songs: dict[str, int] = {}
for line in sys.stdin:
    match line.split():
        case ["join", name]:
            waiting.setdefault(name)
        case ["leave", name]:
            waiting.pop(name, None)
        case ["next"]:
            singer = min(waiting, key=lambda name: songs.get(name, 0), default="-")
            waiting.pop(singer, None)
            songs[singer] = songs.get(singer, 0) + 1
            print(singer)
