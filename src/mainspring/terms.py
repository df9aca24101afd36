"""The terms on which something begins: how urgent it is, when, and by what it is found and shared out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from mainspring import codec
from mainspring.errors import PayloadInvalidError, SettingInvalidError
from mainspring.kernel.records import Once
from mainspring.models.schedule.request import instant

PRIORITY_MAX = 1_000_000_000
"""Far more than anybody needs, and far less than what a store cannot count."""
NAME_LENGTH_MAX = 200
"""Of an id or a group; it is in every row of the instance or the task."""


class Terms(NamedTuple):
    """As an entry of a start has them, in its order."""

    priority: int
    not_before: float
    attributes: bytes | None
    group: str | None
    once: Once | None
    expires_s: float
    key: str


def read_terms(
    *,
    now: float,
    priority: int,
    delay_s: float,
    at: datetime | None,
    attributes: Mapping[str, Any] | None,
    group: str | None,
    unique: str | None = None,
    unique_s: float | None = None,
    debounce_s: float | None = None,
    expires_s: float | None = None,
    key: str = "",
) -> Terms:
    """Raises `SettingInvalidError` for what makes no sense."""
    if not is_whole(priority) or not -PRIORITY_MAX <= priority <= PRIORITY_MAX:
        raise SettingInvalidError(
            f"priority must be a whole number from {-PRIORITY_MAX:,} to {PRIORITY_MAX:,}, not {priority!r}"
        )
    if not isinstance(attributes, Mapping | None):
        raise SettingInvalidError(f"attributes must be a dict, not {attributes!r:.80}")
    if group is not None and not is_name(group):
        raise SettingInvalidError(f"group must be 1 to {NAME_LENGTH_MAX} printable characters, not {group!r:.60}")
    _check_seconds("expires_s", expires_s)
    if key:  # people find it by its key as well
        attributes = {"key": key, **(attributes or {})}
    labels = None if attributes is None else codec.encode(dict(attributes), "attributes")
    once = _once(unique, unique_s, debounce_s)
    return Terms(priority, _not_before(now, delay_s, at), labels, group, once, expires_s or 0.0, key)


def _once(unique: str | None, unique_s: float | None, debounce_s: float | None) -> Once | None:
    if unique is None:
        if unique_s is not None or debounce_s is not None:
            raise SettingInvalidError(
                "unique_s and debounce_s say nothing without unique: the key that is to be there once"
            )
        return None
    if not is_name(unique):
        raise SettingInvalidError(f"unique must be 1 to {NAME_LENGTH_MAX} printable characters, not {unique!r:.60}")
    _check_seconds("unique_s", unique_s)
    _check_seconds("debounce_s", debounce_s)
    if unique_s is not None and debounce_s is not None:
        raise SettingInvalidError("give unique_s (the first counts) or debounce_s (the last counts), not both")
    return Once(unique, unique_s or 0.0, debounce_s)


def _check_seconds(name: str, value: Any) -> None:
    if value is not None and (not isinstance(value, int | float) or not 0 < value < float("inf")):
        raise SettingInvalidError(f"{name} must be seconds above 0, not {value!r}")


def _not_before(now: float, delay_s: Any, at: datetime | None) -> float:
    if at is None:
        if not isinstance(delay_s, int | float) or not 0 <= delay_s < float("inf"):
            raise SettingInvalidError(f"delay_s must be seconds from 0, not {delay_s!r}")
        return now + delay_s if delay_s else 0.0
    if delay_s:
        raise SettingInvalidError("give delay_s or at, not both")
    return instant(at, "at")


def checked_id(id: Any) -> str | None:
    """The id; raises `PayloadInvalidError` for what cannot be one."""
    if id is not None and not is_name(id):
        raise PayloadInvalidError("id", f"expected 1 to {NAME_LENGTH_MAX} printable characters, found {id!r:.60}")
    return id  # type: ignore[no-any-return]  # a str by now


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= NAME_LENGTH_MAX and value.isprintable()
