"""What went wrong in a handler, as a value that can be stored: bounded, cleaned, and without our own frames."""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from mainspring import codec
from mainspring.codec import storable
from mainspring.errors import BusinessError
from mainspring.handler import module_name
from mainspring.models.contract import Failure

TRACEBACK_LENGTH_MAX = 10_000
"""Characters; some forty frames.  Longer ones keep their beginning and, more of it, their end."""

MESSAGE_LENGTH_MAX = 2_000
"""Characters; some exceptions carry the whole response of a server."""

HEAD_SHARE = 0.3
"""Of a traceback that is cut: the error itself is at its end."""

PACKAGE = Path(codec.__file__).parent
OWN_FILES = tuple(
    str(PACKAGE / name) for name in ("runtime/", "codec.py", "handler_context.py", "handler.py", "signature.py")
)  # fmt: skip
"""Frames of these files tell a user nothing; those of other files in the package may be a handler's."""


def failure_of(error: BaseException, trace: str | None = None) -> Failure:
    """The error as a value; `trace` replaces its traceback."""
    try:
        text = trace if trace is not None else _traceback(error)
        message = _message(error)
    except Exception as problem:  # noqa: BLE001 - exceptions are users' code; out of memory, nothing is sure
        text, message = "", f"(cannot be shown: {type(problem).__name__})"
    kind: Any = type(error)
    if isinstance(error, BusinessError):
        return Failure(error.code, message, cut(text), (error.code, *kinds_of(kind)))
    return Failure(kind.__qualname__, message, cut(text), kinds_of(kind))


@functools.lru_cache(maxsize=1_000)
def kinds_of(kind: Any) -> tuple[str, ...]:
    """`module.name` of the class and its bases, nearest first; those of the running script under both its names."""
    names = []
    for one in kind.__mro__[:-1]:
        modules = dict.fromkeys((module_name(one.__module__), one.__module__))
        names += [f"{module}.{one.__qualname__}" for module in modules]
    return tuple(names)


def where_is(thread: int | None) -> str:
    """Where a thread stands now, as a traceback would print it; empty if it has ended."""
    frame = sys._current_frames().get(thread) if thread is not None else None  # noqa: SLF001 - no public way
    return where_at(frame)


def where_at(frame: FrameType | None) -> str:
    """The stack that ends in `frame`, from the first frame that is the user's."""
    if frame is None:
        return ""
    stack = traceback.extract_stack(frame)
    ours = [index for index, one in enumerate(stack) if _is_own(one)]
    return _listed(stack[ours[-1] + 1 :] if ours else list(stack))


def where_waits(coroutine: Any) -> str:
    """Where a coroutine waits that is suspended: its frames, and those of what it awaits."""
    frames = []
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:  # asked once: it may go on and end meanwhile
        frames.append((frame, frame.f_lineno))
        coroutine = coroutine.cr_await
    return _listed([one for one in traceback.StackSummary.extract(iter(frames)) if not _is_own(one)])


def _listed(stack: list[traceback.FrameSummary]) -> str:
    return "Stack (most recent call last):\n" + "".join(traceback.format_list(stack)) if stack else ""


def cut(text: str) -> str:
    """A traceback of at most `TRACEBACK_LENGTH_MAX` characters, cut in the middle, between lines."""
    if len(text) <= TRACEBACK_LENGTH_MAX:
        return storable(text)
    head = int(TRACEBACK_LENGTH_MAX * HEAD_SHARE)
    begin = text[:head].rpartition("\n")[0]
    end = text[len(begin) - TRACEBACK_LENGTH_MAX + 100 :].partition("\n")[2]
    gap = len(text) - len(begin) - len(end)
    return storable(f"{begin}\n  … {gap:,} characters left out …\n{end}")


def _message(error: BaseException) -> str:
    text = str(error)
    if len(text) > MESSAGE_LENGTH_MAX:
        text = f"{text[:MESSAGE_LENGTH_MAX]}… ({len(text) - MESSAGE_LENGTH_MAX:,} more characters)"
    return storable(text)


def _traceback(error: BaseException) -> str:
    story = traceback.TracebackException.from_exception(error, compact=True)
    for one in _linked(story):
        one.stack[:] = [frame for frame in one.stack if not _is_own(frame)]
    # An error that began and ended in our own code, such as a wrong payload, is told by its message.
    return "".join(story.format()) if any(one.stack for one in _linked(story)) else ""


def _linked(story: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """The error, its causes, and the members of groups; never the same twice, for chains can be circular."""
    waiting, seen = [story], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [other for other in (one.__cause__, one.__context__, *(one.exceptions or ())) if other]


def _is_own(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(OWN_FILES)
