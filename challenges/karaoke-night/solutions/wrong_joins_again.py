# expect: WA
# Who joins twice loses the place in the line.
import sys

waiting: list[str] = []
songs: dict[str, int] = {}
for line in sys.stdin:
    command, *names = line.split()
    if command in ("join", "leave") and names[0] in waiting:
        waiting.remove(names[0])
    if command == "join":
        waiting.append(names[0])
    elif command == "next":
        singer = min(waiting, key=lambda name: songs.get(name, 0), default="-")
        if singer in waiting:
            waiting.remove(singer)
        songs[singer] = songs.get(singer, 0) + 1
        print(singer)
