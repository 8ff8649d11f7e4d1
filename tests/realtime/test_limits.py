"""How much one socket may ask for."""

from python_duel.platform.ratelimit import Credit


def test_credit_is_a_burst_and_then_a_rate() -> None:
    credit = Credit(rate=0.001, burst=10)
    assert credit.spend(4) == 0
    assert credit.spend(6) == 0
    # A thousandth a second: one more takes about a thousand seconds.
    assert 900_000 < credit.spend() <= 1_000_001


def test_what_is_refused_costs_nothing() -> None:
    credit = Credit(rate=0.001, burst=10)
    assert credit.spend(11) > 0
    assert credit.spend(10) == 0
