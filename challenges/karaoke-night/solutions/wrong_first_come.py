# expect: WA
# First come, first served: does not count the songs.
import sys

waiting: list[str] = []
for line in sys.stdin:
    command, *names = line.split()
    if command == "join" and names[0] not in waiting:
        waiting.append(names[0])
    elif command == "leave" and names[0] in waiting:
        waiting.remove(names[0])
    elif command == "next":
        print(waiting.pop(0) if waiting else "-")
