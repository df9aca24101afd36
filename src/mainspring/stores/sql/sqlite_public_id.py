"""How the SQLite store finds an instance by its public id.

What the store gives (`name:number`) is found by the number and costs no entry of an index.  Values: `name` and `number`
(null: it has not that form), or `names` and `numbers`, JSON arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from mainspring.kernel.public_id import number_of

_encode = msgspec.json.Encoder().encode

CHOSEN = "public_id not like '%:' || id"
"""Of ids that do not end with the number: the condition of the index that has only these, word for word."""
ID = (
    f"(select id from instance where public_id = :name and {CHOSEN}"
    " union all select id from instance where id = :number and public_id = :name)"
)
IDS = (
    f"(select id from instance where public_id in (select value from json_each(:names)) and {CHOSEN}"
    " union all select id from instance where id in (select value from json_each(:numbers))"
    " and public_id in (select value from json_each(:names)))"
)


def named(public_id: str) -> dict[str, Any]:
    return {"name": public_id, "number": number_of(public_id)}


def names(public_ids: Iterable[str]) -> dict[str, Any]:
    wanted = list(public_ids)
    numbers = [number for name in wanted if (number := number_of(name)) is not None]
    return {"names": _encode(wanted).decode(), "numbers": _encode(numbers).decode()}
