"""Inside a locked-in child: read the job, look at the source, run it, send back what it answered.

Nothing here is trusted by the parent: a program can reach this code and forge what it sends, and so gains nothing but
the right to answer. No expected output is ever in this process.
"""

import json
import linecache
import os
import struct
import sys
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any, NoReturn

from python_duel.sandbox import answers, limits, report, streams
from python_duel.sandbox.streams import OutputLimit

CHANNEL = 3
HARNESS_FAILED = 99
_HEADER = struct.Struct(">I")
_OUT_OF_MEMORY = {
    # Made ahead: when they are needed there is no room left to make them.
    kind: _HEADER.pack(len(data)) + data
    for kind in ("error", "fatal")
    for data in [json.dumps({kind: {"type": "MemoryError", "line": None, "text": "MemoryError\n"}}).encode()]
}

Check = Callable[[str], tuple[int, int, str] | None]


def serve(check: Check | None) -> NoReturn:
    """Takes one job off the channel, does it, ends the process."""
    _warm_up(check)
    job = json.loads(_read_frame())
    source = normalised(job["source"])
    code = _compiled(source, check if job["check"] else None)
    linecache.cache[report.FILE] = (len(source), None, [f"{line}\n" for line in source.split("\n")], report.FILE)
    module = ModuleType("__main__")
    module.__dict__.update(__file__=report.FILE, __builtins__=streams.builtins())
    sys.modules["__main__"] = module
    first_case = _read_frame()  # the parent's clock starts with it
    if job["function"] is None:
        _script(code, module)
    _calls(code, module, job["function"], first_case, job["output_bytes"])


def _warm_up(check: Check | None) -> None:
    """Touches, ahead of the job, the memory that it will need: a cloned process copies each page at its first use."""
    source = "import math\ndef f(a, b):\n    return [a, {'b': b}]\n"
    if check is not None:
        check(source)
    module = ModuleType("warm_up")
    exec(compile(source, report.FILE, "exec", dont_inherit=True), module.__dict__)
    answers.encoded(module.__dict__["f"](*json.loads('[1, "x"]')), 100)


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
    _send({"ready": True})
    return code


def _refuse(kind: str, message: str, line: int | None, column: int | None) -> NoReturn:
    _send({"refused": {"kind": kind, "message": message[: limits.TEXT_CHARS], "line": line, "column": column}})
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


def _calls(code: CodeType, module: ModuleType, name: str, case: bytes, output_bytes: int) -> NoReturn:
    """The source once, then its function once a case; what it prints meanwhile is caught.

    Each case comes when the one before it is answered, and after the last one the end.
    """
    module.__dict__["__name__"] = "solution"
    sys.modules["solution"] = module
    out, err = streams.capture(output_bytes)
    try:
        exec(code, module.__dict__)
        function = _function(module, name)
    except BaseException as error:
        _send_error("fatal", error, out, err)
        os._exit(1)
    while True:
        _one_call(function, case, out, err, output_bytes)
        case = _read_frame()


def _function(module: ModuleType, name: str) -> Callable[..., Any]:
    found = module.__dict__.get(name)
    if not callable(found):
        raise NameError(f"the function {name!r} is not defined: keep its name as the starter code has it")
    return found  # type: ignore[no-any-return]


def _one_call(
    function: Callable[..., Any], case: bytes, out: streams.Capture, err: streams.Capture, output_bytes: int
) -> None:
    try:
        value = function(*json.loads(case))
        message = answers.encoded(value, output_bytes)
        if out.exceeded or err.exceeded:
            message = {"too_long": True}
        _send({**message, "stdout": out.take(), "stderr": err.take()})
    except OutputLimit:
        _send({"too_long": True, "stdout": out.take(), "stderr": err.take()})
    except BaseException as error:
        _send_error("error", error, out, err)


def _send_error(
    kind: str, error: BaseException, out: streams.Capture | None = None, err: streams.Capture | None = None
) -> None:
    try:
        told: dict[str, Any] = {kind: report.described(error)}
        if out is not None and err is not None:
            told |= {"stdout": out.take(), "stderr": err.take()}
        _send(told)
    except MemoryError:
        _write(_OUT_OF_MEMORY[kind])


def _send(message: dict[str, Any]) -> None:
    data = json.dumps(message, allow_nan=False).encode()
    _write(_HEADER.pack(len(data)) + data)


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(CHANNEL, view) :]


def _read_frame() -> bytes:
    size = _HEADER.unpack(_read(_HEADER.size))[0]
    if size > limits.JOB_BYTES:
        os._exit(HARNESS_FAILED)
    return _read(size)


def _read(size: int) -> bytes:
    parts = []
    while size:
        part = os.read(CHANNEL, min(size, 1 << 20))
        if not part:
            os._exit(0)  # the parent is gone: nobody wants an answer
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
