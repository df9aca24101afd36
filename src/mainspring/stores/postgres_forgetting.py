"""What the PostgreSQL store forgets; see `mainspring.kernel.forgetting.Forgetting`."""

from __future__ import annotations

from collections.abc import Sequence

from mainspring.kernel.forgetting import Span
from mainspring.stores.postgres_census import PostgresCensus
from mainspring.stores.postgres_rows import numbers
from mainspring.stores.sql import postgres as sql
from mainspring.stores.sql import postgres_spans as spans


class PostgresForgetting(PostgresCensus):
    """A part of `PostgresStore`."""

    def list_prunable(self, ended_before: float, limit: int) -> list[int]:
        return [id for (id,) in self._rows(sql.LIST_PRUNABLE, (ended_before, limit))]

    def prune_journals(self, before: float, limit: int) -> int:
        return len(self._rows(sql.PRUNE_JOURNALS, (before, limit)))

    def delete_instances(self, ids: Sequence[int], ended: Sequence[Span] = ()) -> int:
        family = [id for (id,) in self._rows(sql.FAMILY, (numbers(ids),))]
        self._has_news = True
        mixed = [id for id in family if not any(first <= id < beyond for first, beyond in ended)]
        for statement in sql.FORGET_HISTORY if mixed else ():
            self._write(statement, (numbers(mixed),))
        for statement in sql.FORGET:
            self._write(statement, (numbers(family),))
        return len(family)

    def drop_spans(self, ended: Sequence[Span]) -> int:
        return sum(bool(self._one(spans.DROP_SPAN, (first, spans.DROP_WAIT))[0]) for first, _ in ended)
