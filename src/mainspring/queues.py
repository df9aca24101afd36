"""Queues as users hold them: what was said of one, and ways to say something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mainspring.kernel.queue import QueueSettings
from mainspring.kernel.records import SetQueue

__all__ = ["Queue", "QueueSettings"]


class Queue:
    """A named line of tasks.

        mail = engine.queue("mail")
        mail.limit(concurrency=10, rate_per_s=5)
        mail.pause("the relay is down")

    What is said of a queue is kept in the store and holds for all workers; a process that is busy elsewhere learns of
    a change with its next look at the store.
    """

    def __init__(self, name: str, call: Callable[[SetQueue], Any]) -> None:
        self.name = name
        self._call = call

    def __repr__(self) -> str:
        return f"<queue {self.name}>"

    @property
    def settings(self) -> QueueSettings:
        return self._set()

    def limit(
        self,
        *,
        concurrency: int | None = None,
        group_concurrency: int | None = None,
        rate_per_s: float | None = None,
        burst: int | None = None,
        ageing_s: float | None = None,
        fair: bool = False,
        weights: Mapping[str, int] | None = None,
    ) -> QueueSettings:
        """Say how its tasks are let through, in place of what was said before; nothing: at will.

        `concurrency`: attempts at once, of all workers together; `group_concurrency`: of each group.  `rate_per_s`:
        attempts begun in a second on average, `burst` at most at once.  `ageing_s`: a wait of so many seconds counts as
        one point of priority.  `fair`: groups take turns, with so many tasks in each as `weights` says (else 1).
        A limit for each group serves groups in turn too.  Raises `SettingInvalidError`.
        """
        return self._set(
            concurrency=concurrency,
            group_concurrency=group_concurrency,
            rate_per_s=rate_per_s,
            burst=burst,
            ageing_s=ageing_s,
            fair=fair,
            weights=dict(weights or {}),
        )

    def pause(self, reason: str = "") -> None:
        """Begin nothing more of it; what runs goes on."""
        self._set(paused=True, reason=reason)

    def resume(self) -> None:
        self._set(paused=False, reason="")

    def _set(self, **change: Any) -> QueueSettings:
        settings: QueueSettings = self._call(SetQueue(self.name, change))
        return settings
