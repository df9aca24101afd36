"""Public ids: those that the store gives are a name and the number of the instance, `name:number`."""

from __future__ import annotations

NUMBER_MAX = 2**63 - 1


def number_of(public_id: str) -> int | None:
    """Of the only instance that the store can have given this id; None: it has not given it."""
    digits = public_id.rpartition(":")[2]
    if not digits.isdecimal() or len(digits) == len(public_id):
        return None
    number = int(digits)
    return number if number <= NUMBER_MAX else None
