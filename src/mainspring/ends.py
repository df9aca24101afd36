"""The ends of many instances, as they come."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future

from mainspring.kernel.records import End


class Ends(Future[dict[str, End]]):
    """Answered once for each of these instances: done when all have ended, or when one of them cannot be awaited."""

    def __init__(self, public_ids: Collection[str]) -> None:
        super().__init__()
        self.came: dict[str, End] = {}
        """By id; one that is told twice counts once."""
        self._count = len(public_ids)

    def set_result(self, result: End) -> None:  # type: ignore[override]  # of one after the other
        self.came[result.public_id] = result
        if len(self.came) == self._count:
            super().set_result(self.came)
