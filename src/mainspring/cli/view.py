"""What every view of an instance that runs can do, and what all of them say about attempts that failed."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from mainspring.cli.moments import duration, instant
from mainspring.cli.output import Output, cut, paint, sign
from mainspring.watch import Happening, Watch

FAILURES_MAX = 50
"""Lines about failures; a thousand of them help nobody, `show` and `logs` have them all."""


class View:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def update(self, watch: Watch, happenings: list[Happening]) -> None:
        """Show where it stands now, and what has just happened."""

    def say(self, text: str) -> None:
        """A line that stays."""

    def close(self) -> None:
        """The last picture stays."""


class Failures:
    """Lines about attempts that failed, at most `FAILURES_MAX` of them."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._count = 0

    def lines(self, happenings: list[Happening]) -> list[str]:
        lines = []
        for happening in happenings:
            if happening.outcome == "completed":
                continue
            self._count += 1
            if self._count <= FAILURES_MAX:
                lines.append(self._line(happening))
            elif self._count == FAILURES_MAX + 1:
                lines.append("further failures are only counted here; `mainspring timeline` has them all")
        return lines

    def rest(self) -> list[str]:
        """How many were only counted, once."""
        more, self._count = self._count - FAILURES_MAX, 0
        return [f"{more:,} more attempts failed"] if more > 0 else []

    def _line(self, happening: Happening) -> str:
        output = self._output
        if happening.retry_at is None:
            status, what = "failed", "for good"
        else:
            status, what = "cancelled", f"again in {duration(happening.retry_at - happening.at)}"
        told = "its worker was lost" if happening.failure is None else str(happening.failure)
        head = f"{instant(happening.at)} {happening.key} attempt {happening.attempt}"
        room = max(20, output.width - len(head) - len(what) - 8)
        mark = sign("failed", output) if status == "failed" else paint("↻", status, output)
        return f"{mark} {head}: {paint(cut(told, room), status, output)}, {what}"
