# expect: RE
# Divides by zero when nobody came.
def settle(paid: dict[str, int]) -> dict[str, int]:
    share, left = divmod(sum(paid.values()), len(paid))
    return {name: paid[name] - share - (i < left) for i, name in enumerate(sorted(paid))}
