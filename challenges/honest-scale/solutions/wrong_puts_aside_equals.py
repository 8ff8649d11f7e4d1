# expect: WA
# Puts aside every loaf as light as the lightest and as heavy as the heaviest.
import sys

weights = [float(w) for w in sys.stdin.read().split()]
kept = weights
if len(weights) >= 3:
    kept = [w for w in weights if min(weights) < w < max(weights)] or weights
print(sum(kept) / len(kept) if kept else "empty")
