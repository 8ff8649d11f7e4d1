# expect: RE
# Fails when nobody waits.
import sys

waiting: dict[str, None] = {}
songs: dict[str, int] = {}
for line in sys.stdin:
    command, *names = line.split()
    if command == "join":
        waiting.setdefault(names[0])
    elif command == "leave":
        waiting.pop(names[0], None)
    else:
        singer = min(waiting, key=lambda name: songs.get(name, 0))
        del waiting[singer]
        songs[singer] = songs.get(singer, 0) + 1
        print(singer)
