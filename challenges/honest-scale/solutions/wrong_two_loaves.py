# expect: RE
# Puts loaves aside even when there are fewer than three.
import sys

weights = sorted(map(float, sys.stdin.read().split()))
kept = weights[1:-1]
print(sum(kept) / len(kept))
