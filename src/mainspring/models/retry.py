"""Retries: which failures are tried again, and how long to wait before.

A user writes `retries=3`, or `retries=Retry(max=5, delay_s=1, backoff=2, on=(ConnectionError,))`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zlib import crc32

from msgspec import Struct
from msgspec.structs import force_setattr

from mainspring.errors import TaskTimeoutError, WorkerLostError
from mainspring.handler import module_name
from mainspring.models.contract import Failure, TaskLost

STRANGE = "mainspring.errors.HandlerUnknownError"
"""The failure of a worker whose program does not have the handler: another one may, so it is always tried again."""
STRANGE_COUNT_MAX = 10
STRANGE_DELAY_S_MAX = 60.0
RETRIES_MAX = 10_000
"""More than this is a loop, not a retry policy."""


class Retry(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How often, how soon and after which failures a task is tried again.

    The wait before retry `n` (from 1) is `delay_s * backoff ** (n - 1)`, at most `delay_s_max`, less a share drawn
    from the first `jitter` of it.  So tasks that fail together do not come back together, and no wait is longer
    than the maximum.
    """

    max: int = 3
    """Retries after the first attempt; 0: none."""
    delay_s: float = 1.0
    backoff: float = 2.0
    """1: the delay is fixed; more: it grows by this factor each time."""
    delay_s_max: float = 60.0
    jitter: float = 0.25
    """0 to 1: the share of the delay that chance may take off."""
    on: Any = ()
    """Exception classes or names (`ConnectionError`, `package.module.Error`), one or several; empty: all."""
    not_on: Any = ()
    """Those that are not tried again, even where `on` says so."""

    def __post_init__(self) -> None:
        if self.on:
            force_setattr(self, "on", exception_names(self.on))
        if self.not_on:
            force_setattr(self, "not_on", exception_names(self.not_on))

    @classmethod
    def fixed(cls, max: int, delay_s: float, **rest: Any) -> Retry:  # noqa: A002 - the name of the field
        """The same wait each time."""
        return cls(max=max, delay_s=delay_s, backoff=1.0, delay_s_max=delay_s, jitter=rest.pop("jitter", 0.0), **rest)

    def problems(self) -> list[str]:
        """What is wrong with the numbers, in words."""
        return [message for broken, message in _numbers(self) if broken]


NO_RETRY = Retry(max=0)


def retry_of(retries: int | Retry | None) -> Retry:
    """The policy that a user's `retries` stands for."""
    if isinstance(retries, Retry):
        return retries
    return Retry(max=retries) if retries else NO_RETRY


def retry_delay(policy: Retry, failure: Failure, *, retries: int, instance: str, key: str) -> float | None:
    """Seconds to wait before the next attempt, or None when the failure is for good.

    `retries` counts those already used.  The jitter is a hash of instance, key and count, not chance: a model draws
    no random number, and the same failure always plans the same retry.
    """
    if STRANGE in failure.kinds and retries < STRANGE_COUNT_MAX:
        return min(2.0**retries, STRANGE_DELAY_S_MAX)
    if retries >= policy.max or not _is_retried(policy, failure):
        return None
    try:
        delay_s = min(policy.delay_s * policy.backoff**retries, policy.delay_s_max)
    except OverflowError:
        delay_s = policy.delay_s_max
    if not policy.jitter:
        return delay_s
    share: float = crc32(f"{instance}/{key}/{retries}".encode()) / 2**32
    return delay_s * (1.0 - policy.jitter * share)


def exception_names(exceptions: Any) -> tuple[str, ...]:
    """Names to match against `Failure.kinds`, from classes, names, or a single one of them."""
    if not isinstance(exceptions, list | tuple | set | frozenset):
        exceptions = (exceptions,)
    return tuple(_exception_name(exception) for exception in exceptions)


def _exception_name(exception: Any) -> str:
    if isinstance(exception, type) and issubclass(exception, BaseException):
        # A class of the running script is known elsewhere by the script's name, as in `Failure.kinds`.
        return f"{module_name(exception.__module__)}.{exception.__qualname__}"
    if isinstance(exception, str) and exception:
        return exception
    raise TypeError(f"retry on {exception!r}: expected an exception class or its name")


def _is_retried(policy: Retry, failure: Failure) -> bool:
    if policy.not_on and _matches(policy.not_on, failure):
        return False
    return not policy.on or _matches(policy.on, failure)


def _matches(names: Iterable[str], failure: Failure) -> bool:
    """A name with a dot is compared in full, a bare one with the last part: `ConnectionError` finds subclasses too."""
    full = {failure.type, *failure.kinds}
    last = {kind.rpartition(".")[2] for kind in full}
    return any(name in (full if "." in name else last) for name in names)


def _numbers(policy: Retry) -> Iterable[tuple[bool, str]]:
    yield not 0 <= policy.max <= RETRIES_MAX, f"retries: {policy.max} is not between 0 and {RETRIES_MAX:,}"
    yield not policy.delay_s >= 0, f"retry delay_s: {policy.delay_s:g} is negative"
    yield not policy.delay_s_max >= 0, f"retry delay_s_max: {policy.delay_s_max:g} is negative"
    yield not policy.backoff >= 1, f"retry backoff: {policy.backoff:g} is less than 1, so delays would shrink"
    yield not 0 <= policy.jitter <= 1, f"retry jitter: {policy.jitter:g} is not between 0 and 1"


# --- Failures that a model states itself: an exception that nobody raised, as a value ---------


def failure_of(error: BaseException, node: str = "") -> Failure:
    """The failure that an exception tells of, without a traceback."""
    kinds = tuple(f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__[:-1])
    return Failure(type=type(error).__name__, message=str(error), kinds=kinds, node=node)


def lost_failure(event: TaskLost) -> Failure:
    """The failure of a task whose workers died too often."""
    worker = f"worker {event.worker!r}" if event.worker else "its worker"
    return failure_of(
        WorkerLostError(f"{worker} died at attempt {event.attempt}, as others had before; not tried again")
    )


def deadline_failure(deadline_s: float) -> Failure:
    """The failure of what took longer than `deadline_s` in all."""
    return failure_of(TaskTimeoutError(f"not done within its deadline_s of {deadline_s:g} s, retries included"))
