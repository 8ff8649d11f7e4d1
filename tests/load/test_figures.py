"""The load generator's own sums."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from python_duel.load.figures import MOST_LAG_MS, figures, percentile, unfair
from python_duel.load.machine import Spent
from python_duel.load.traffic import Record

SPENT = Spent(generator=0.5, server=0.25, stores=None, others=0.0)


def nanoseconds(*milliseconds: float) -> "array[int]":
    return array("q", [int(value * 1e6) for value in milliseconds])


def test_a_percentile_is_the_nearest_rank() -> None:
    values = nanoseconds(*range(1, 101))
    assert [percentile(values, share) for share in (0.5, 0.99, 1)] == [50, 99, 100]
    assert percentile(nanoseconds(7), 0.5) == 7
    assert percentile(nanoseconds(), 0.99) is None


@given(st.lists(st.integers(0, 10**12), min_size=1), st.floats(0.01, 1))
def test_so_many_lie_at_or_below_a_percentile(values: list[int], share: float) -> None:
    found = percentile(array("q", values), share)
    assert found is not None
    below = sum(round(value / 1e6, 3) <= found for value in values)
    assert below >= share * len(values) - 1e-9


def test_what_was_not_relayed_is_lost() -> None:
    record = Record(relays=nanoseconds(1, 2, 3), lags=nanoseconds(0.1), sent=5)
    found = figures(record, SPENT, seconds=2)
    assert (found.sent, found.relayed, found.lost) == (5, 3, 2)
    assert found.server_us_per_relay == round(0.25 * 2 / 3 * 1e6, 1)


def test_a_generator_that_is_late_itself_does_not_report() -> None:
    fair = figures(Record(lags=nanoseconds(*[MOST_LAG_MS] * 200)), SPENT, 1)
    late = figures(Record(lags=nanoseconds(*[0.1] * 95, *[MOST_LAG_MS + 1] * 5)), SPENT, 1)
    assert unfair(fair) is None
    reason = unfair(late)
    assert reason is not None
    assert "Lower --rate" in reason
