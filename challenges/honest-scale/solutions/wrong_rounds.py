# expect: WA
# Rounds to two decimals.
import sys

weights = sorted(map(float, sys.stdin.read().split()))
kept = weights[1:-1] if len(weights) >= 3 else weights
print(round(sum(kept) / len(kept), 2) if kept else "empty")
