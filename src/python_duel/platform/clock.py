"""The one clock: milliseconds since the epoch as the database has them, carried on by a monotonic clock."""

import time
from time import monotonic


class Clock:
    """Server time in this process. Steps of the local wall clock do not move it."""

    def __init__(self) -> None:
        self.observe(int(time.time() * 1000))  # until the database was asked, which is before anybody is let in

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return int(monotonic() * 1000 + self._offset)

    def observe(self, database_now: int) -> int:
        """Take the database's time, read just now, as the truth; gives it."""
        self._offset = database_now - monotonic() * 1000
        return database_now
