"""Inside a locked-in child: read the job, look at the source, run it, send back what it answered.

Nothing here is trusted by the parent: a program can reach this code and forge what it sends, and so gains nothing but
the right to answer. No expected output is ever in this process.
"""

import gc
import json
import linecache
import os
import sys
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any, NoReturn

from python_duel.sandbox import answers, channel, limits, report, streams
from python_duel.sandbox.streams import OutputLimit, Printed

_OUT_OF_MEMORY = {
    # Made ahead: when they are needed there is no room left to make them.
    kind: json.dumps({kind: {"type": "MemoryError", "line": None, "text": "MemoryError\n"}}).encode()
    for kind in ("error", "fatal")
}
_REHEARSED = "import math\ndef f(a, b):\n    return [a, {'b': b}]\n"

Check = Callable[[str], tuple[int, int, str] | None]


def serve(check: Check | None, printed: Printed) -> NoReturn:
    """Takes one job off the channel, does it, ends the process."""
    if not channel.waiting():
        rehearse(check, printed)
    inbox = channel.Inbox()
    job = json.loads(inbox.frame())
    code, module = _prepared(job["source"], check if job["check"] else None)
    channel.send({"ready": True})  # the parent's clock starts with it
    case = inbox.frame()
    if job["function"] is None:
        _script(code, module)
    _calls(code, module, job, inbox, case, printed)


def rehearse(check: Check | None, printed: Printed) -> None:
    """Does, ahead of the job, all that a job will need. In the zygote: so that what the interpreter makes at first use
    is there for every child. In a child: because a cloned process copies each page of memory at its first use.
    """
    kept = sys.stdin, sys.stdout, sys.stderr, sys.modules["__main__"]
    code, module = _prepared(_REHEARSED, check)
    printed.begin(100)
    exec(code, module.__dict__)
    _answer(_function(module, "f"), b'[1, "x"]', printed, 100)
    sys.stdin, sys.stdout, sys.stderr, sys.modules["__main__"] = kept


def _prepared(text: str, check: Check | None) -> tuple[CodeType, ModuleType]:
    """The code of a source, and the module it shall run in."""
    source = normalised(text)
    gc.disable()  # nothing of the check and the compiler is garbage in a circle
    code = _compiled(source, check)
    gc.enable()
    linecache.cache[report.FILE] = (len(source), None, [f"{line}\n" for line in source.split("\n")], report.FILE)
    module = ModuleType("__main__")
    module.__dict__.update(__file__=report.FILE, __builtins__=streams.builtins())
    sys.modules["__main__"] = module
    return code, module


def normalised(source: str) -> str:
    """One byte order mark less, and every line ended by a newline: this very text is checked, run and shown."""
    return source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _compiled(source: str, check: Check | None) -> CodeType:
    """The code; a source that is refused ends the process here, before any of it has run."""
    try:
        if check is not None and (refused := check(source)) is not None:
            line, column, message = refused
            _refuse("rejected", message, line, column)
        code = compile(source, report.FILE, "exec", dont_inherit=True)
    except SyntaxError as error:
        _refuse("syntax", f"{type(error).__name__}: {error.msg}", error.lineno, error.offset)
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        _refuse("syntax", report.too_complex(error), None, None)
    return code


def _refuse(kind: str, message: str, line: int | None, column: int | None) -> NoReturn:
    channel.send({"refused": {"kind": kind, "message": message[: limits.TEXT_CHARS], "line": line, "column": column}})
    os._exit(0)


def _script(code: CodeType, module: ModuleType) -> NoReturn:
    """The source as a program: real descriptors, its own exit status."""
    streams.open_standard()
    status = 0
    try:
        try:
            exec(code, module.__dict__)
        finally:
            streams.run_exit_functions()
        streams.flush()
    except SystemExit as stop:
        status = _flushed(_exit_status(stop))
    except BaseException as error:
        status = 1
        _flushed(1)
        _send_error("fatal", error)
    _end(status)


def _end(status: int) -> NoReturn:
    """Says so: the parent need not wait until the process is gone."""
    channel.send({"exit": status})
    os._exit(status)


def _exit_status(stop: SystemExit) -> int:
    if stop.code is None or isinstance(stop.code, int):
        return int(stop.code or 0) & 0xFF
    print(stop.code, file=sys.stderr)
    return 1


def _flushed(status: int) -> int:
    try:
        streams.flush()
    except BaseException:
        return 1
    return status


def _calls(
    code: CodeType, module: ModuleType, job: dict[str, Any], inbox: channel.Inbox, case: bytes, printed: Printed
) -> NoReturn:
    """The source once, then its function once a case; what it prints meanwhile is caught. After the last: the end."""
    module.__dict__["__name__"] = "solution"
    sys.modules["solution"] = module
    output_bytes = job["output_bytes"]
    printed.begin(output_bytes)
    try:
        exec(code, module.__dict__)
        function = _function(module, job["function"])
    except BaseException as error:
        _send_error("fatal", error, printed)
        _end(1)
    while True:
        _one_call(function, case, printed, output_bytes)
        case = inbox.case()


def _function(module: ModuleType, name: str) -> Callable[..., Any]:
    found = module.__dict__.get(name)
    if not callable(found):
        raise NameError(f"the function {name!r} is not defined: keep its name as the starter code has it")
    return found  # type: ignore[no-any-return]


def _one_call(function: Callable[..., Any], case: bytes, printed: Printed, output_bytes: int) -> None:
    try:
        channel.write(_answer(function, case, printed, output_bytes))
    except OutputLimit:
        channel.send({"too_long": True, **printed.take()})
    except BaseException as error:
        _send_error("error", error, printed)


def _answer(function: Callable[..., Any], case: bytes, printed: Printed, output_bytes: int) -> bytes:
    message = answers.encoded(function(*json.loads(case)), output_bytes)
    if printed.exceeded:
        message = {"too_long": True}
    return channel.encoded({**message, **printed.take()})


def _send_error(kind: str, error: BaseException, printed: Printed | None = None) -> None:
    try:
        channel.send({kind: report.described(error), **(printed.take() if printed else {})})
    except MemoryError:
        channel.write(_OUT_OF_MEMORY[kind])
