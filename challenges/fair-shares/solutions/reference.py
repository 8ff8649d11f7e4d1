def settle(paid: dict[str, int]) -> dict[str, int]:
    if not paid:
        return {}
    share, left = divmod(sum(paid.values()), len(paid))
    return {name: paid[name] - share - (i < left) for i, name in enumerate(sorted(paid))}
