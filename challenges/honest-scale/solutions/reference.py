import sys

weights = sorted(map(float, sys.stdin.read().split()))
kept = weights[1:-1] if len(weights) >= 3 else weights
print(sum(kept) / len(kept) if kept else "empty")
