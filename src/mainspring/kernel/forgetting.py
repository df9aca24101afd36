"""The part of the store's port that forgets: what ended long ago, and what no recovery needs of what lives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

Span = tuple[int, int]
"""(first, beyond): numbers of instances that follow one another, whose history can be dropped as a whole."""


class Forgetting(Protocol):
    """Part of `kernel.store.Store`; all of it inside a transaction."""

    def list_prunable(self, ended_before: float, limit: int) -> list[int]: ...
    def prune_journals(self, before: float, limit: int) -> int:
        """Delete entries of live instances that are older, and that a snapshot covers; returns how many went."""

    def delete_instances(self, ids: Sequence[int], ended: Sequence[Span] = ()) -> int:
        """Delete ended instances with their children and all they left; returns how many went.

        The history of those in spans that have `ended` may be left to `drop_spans`.
        """

    def drop_spans(self, ended: Sequence[Span]) -> int:
        """Drop the history of spans, as far as no instance is left of them; returns how many went."""
