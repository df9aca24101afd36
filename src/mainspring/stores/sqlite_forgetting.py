"""What the SQLite store forgets; see `mainspring.kernel.forgetting.Forgetting`.  Its history lies in one piece."""
# ruff: noqa: ARG002 - the port names spans, of which there are none

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mainspring.kernel.forgetting import Span
from mainspring.stores.sql import sqlite as sql
from mainspring.stores.sqlite_census import SqliteCensus

_encode = msgspec.json.Encoder().encode


class SqliteForgetting(SqliteCensus):
    """A part of `SqliteStore`."""

    def list_prunable(self, ended_before: float, limit: int) -> list[int]:
        return [id for (id,) in self._rows(sql.LIST_PRUNABLE, (ended_before, limit))]

    def prune_journals(self, before: float, limit: int) -> int:
        return len(self._rows(sql.PRUNE_JOURNALS, (before, limit)))

    def delete_instances(self, ids: Sequence[int], ended: Sequence[Span] = ()) -> int:
        family = self._rows(sql.FAMILY, (_encode(ids).decode(),))
        for statement in sql.FORGET:
            self._many(statement, family)
        return len(family)

    def drop_spans(self, ended: Sequence[Span]) -> int:
        return 0
