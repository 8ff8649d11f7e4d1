"""Python-Duel: two players, one problem, one clock."""

__version__ = "0.1.0"
