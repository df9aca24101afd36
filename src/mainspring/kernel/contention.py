"""What happens where several processes write at the same time, and one has to begin again.

A turn locks instances before it reads what belongs to them, and waits for locks only while it has none: what it finds
locked later is a reason to begin again.  Tasks and events that wait are locked as they are found, and passed over where
others have them.
"""

from __future__ import annotations

from collections.abc import Iterable


class Contended(Exception):
    """Another process was in the way of this turn: it was for nothing, and succeeds when it is taken again."""

    def __init__(self, reason: str, ids: Iterable[int] = ()) -> None:
        super().__init__(reason)
        self.ids = frozenset(ids)
        """Instances to wait for before anything else is done."""
