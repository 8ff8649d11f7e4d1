"""STOPGAP by the lead; the helper for Redis replaces this file."""

DUEL_S = 86_400


def duel_live(duel_id: str) -> str:
    return f"{{{duel_id}}}:live"


def duel_log(duel_id: str, player_id: str) -> str:
    return f"{{{duel_id}}}:log:{player_id}"


def duel_mark(duel_id: str, player_id: str) -> str:
    return f"{{{duel_id}}}:mark:{player_id}"


def duel_past(duel_id: str, player_id: str) -> str:
    return f"{{{duel_id}}}:past:{player_id}"


def presence(player_id: str) -> str:
    return f"presence:{player_id}"
