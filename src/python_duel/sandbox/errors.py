"""What goes wrong in the sandbox itself, never in the program it runs."""


class SandboxError(Exception):
    """This machine, or this slot, cannot run programs; the message says why."""


class SlotLost(SandboxError):
    """The zygote ended or answered nonsense: no verdict; start the slot again and repeat the run."""


class NotBegun(SlotLost):
    """The child that a program was to run in could not begin; nothing of the program has run."""
