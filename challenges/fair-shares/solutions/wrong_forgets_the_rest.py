# expect: WA
# Nobody owes the cents that are left over.
def settle(paid: dict[str, int]) -> dict[str, int]:
    if not paid:
        return {}
    share = sum(paid.values()) // len(paid)
    return {name: amount - share for name, amount in paid.items()}
