"""What parent and child say to one another, in turn and without any I/O: cases go out, messages come in.

The job is followed by the first case; a script gets an empty one, as the sign to begin. When that is answered, further
cases are handed over before the answers to earlier ones are in, so that a child need not wait: up to `WINDOW_CASES` and
`WINDOW_BYTES`. What is beyond that window is not in the process.
"""

from python_duel.sandbox import limits
from python_duel.sandbox.messages import Ended, Fatal, Message, NoMemory, Ready, Reply, parsed
from python_duel.sandbox.outcome import Refusal
from python_duel.sandbox.wire import BadFrame, Frames, frame


class Dialogue:
    """One child's. `cases` are a function's arguments as JSON; None for a script."""

    def __init__(self, cases: list[str] | None, window: int, shown: int = 0) -> None:
        """`window` is the largest number of cases under way: 1 for a child that does not catch what it prints. What is
        printed in the first `shown` cases will be shown: no later case is there before they are answered.
        """
        self._shown = shown
        self._cases = [""] if cases is None else cases
        self._calls, self._window = cases is not None, window
        self._frames = Frames()
        self._handed = self._answered = 0
        self._bytes = 0
        self._failed = self._over = False
        self.started = False

    @property
    def all_answered(self) -> bool:
        """Never true of a script."""
        return self._calls and self._answered == len(self._cases)

    @property
    def several_under_way(self) -> bool:
        """Whether the child has more than one case to answer."""
        return self._handed - self._answered > 1

    def more(self) -> bytes:
        """The frames of the cases to be handed over now."""
        width = self._window if self._answered else 1
        data = b""
        while self._handed < len(self._cases) and self._handed - self._answered < width and self._has_room():
            one = frame(self._cases[self._handed].encode())
            self._handed, self._bytes = self._handed + 1, self._bytes + len(one)
            data += one
        return data

    def _has_room(self) -> bool:
        if self._answered < self._shown <= self._handed:
            return False
        return self._handed == self._answered or self._bytes < limits.WINDOW_BYTES

    def hear(self, data: bytes) -> list[Message]:
        """The messages that `data` completes. Raises BadFrame for what is none, is too long or is out of turn; then no
        message of `data` counts.
        """
        found = []
        for one in self._frames.feed(data):
            found.append(parsed(one))
            self._check(found[-1])
        return found

    def _check(self, message: Message) -> None:
        match message:
            case Reply() if self._calls and self._goes_on and self._answered < self._handed:
                self._bytes -= len(frame(self._cases[self._answered].encode()))
                self._answered += 1
            case Ready() if not self.started:
                self.started = True
            case Fatal() if self._goes_on:
                self._failed = True
            case Ended() if self.started and not self._over:
                self._over = True
            case NoMemory():
                pass
            case Refusal() if not self.started:
                self._over = True
            case _:
                raise BadFrame("a message out of turn")

    @property
    def _goes_on(self) -> bool:
        return self.started and not self._failed and not self._over
