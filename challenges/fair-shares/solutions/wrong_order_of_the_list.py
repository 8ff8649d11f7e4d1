# expect: WA
# Takes the names as they come instead of in alphabetical order.
def settle(paid: dict[str, int]) -> dict[str, int]:
    if not paid:
        return {}
    share, left = divmod(sum(paid.values()), len(paid))
    return {name: amount - share - (i < left) for i, (name, amount) in enumerate(paid.items())}
