"""What a cluster is to a worker: something that takes bundles, and says later what became of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Protocol


class ClusterAwayError(Exception):
    """The cluster cannot be reached, or not any more; what it was given is given back."""


class Fate(Enum):
    """Why a bundle comes to nothing."""

    UNBEGUN = "unbegun"
    """It was taken back before it began."""
    AWAY = "away"
    """The cluster is gone, and the bundle with it."""


Answer = bytes | Fate | Exception
"""What became of a bundle: how its attempts ended, as `bundle.decode_answer` reads it; or nothing; or the cluster's own
error, for those of handlers are in the bytes."""

Done = Callable[[str, Answer], None]
"""Takes the id of a bundle, and the answer; called once, from any thread."""

Hear = Callable[[bytes], None]
"""Takes a `bundle.Said`; called from any thread."""


class Cluster(Protocol):
    """One connection to one cluster; used by one thread, which `connect` alone may keep waiting.

    Apart from `is_there` and `close`, any method may raise `ClusterAwayError`.
    """

    kind: str
    """As tasks call it: "dask", "ray"."""

    @property
    def threads(self) -> int:
        """Attempts that it runs at once, as far as is known; at least 1."""

    def connect(self, hear: Hear) -> None:
        """Reach it, for the first time or again."""

    def is_there(self) -> bool:
        """Whether the connection holds."""

    def send(self, id: str, name: str, bundle: bytes, done: Done) -> None:
        """Have it perform a bundle; `name` is for people who watch the cluster."""

    def tell(self, words: Mapping[str, Sequence[int]], *, is_end: bool, whole: Sequence[str]) -> None:
        """Of bundles by id, the pieces at these places are not wanted any more.

        What has not begun of them never will.  `is_end`: and what runs is told to end.  Of bundles in `whole` nothing
        is wanted any more, so those that have not begun at all can be taken back.
        """

    def close(self) -> None:
        """Leave it; what it still runs is given up, and `done` need not be called any more."""
