"""What one sees while an instance runs: a live display on a terminal, plain lines elsewhere, nothing if so wished."""

from __future__ import annotations

import time
from importlib import import_module
from types import TracebackType
from typing import Self

from mainspring.cli.moments import duration, instant
from mainspring.cli.output import Output, cut, paint, sign
from mainspring.models.contract import NodeView
from mainspring.watch import Happening, Watch

MAP_LINE_S = 5.0
"""Between two lines about the same map."""
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


def view_for(output: Output, *, title: str, instance: str, quiet: bool) -> View:
    """The view that suits where the output goes."""
    if quiet:
        return View()
    if output.is_terminal and output.colour:
        live = import_module("mainspring.cli.live")  # it loads rich, which costs 80 ms
        return live.LiveView(output, title=title, instance=instance)  # type: ignore[no-any-return]
    return LinesView(output, title=title, instance=instance)


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


class LinesView(View):
    """One line for each thing that happens, as a log would have it."""

    def __init__(self, output: Output, *, title: str, instance: str) -> None:
        self._output = output
        self._failures = Failures(output)
        self._statuses: dict[str, str] = {}
        self._told: dict[str, tuple[float, int]] = {}
        self.say(f"{title}: {instance}")

    def say(self, text: str) -> None:
        self._output.line(text, flush=True)

    def close(self) -> None:
        for line in self._failures.rest():
            self.say(line)

    def update(self, watch: Watch, happenings: list[Happening]) -> None:
        for line in self._failures.lines(happenings):
            self.say(line)
        for node in watch.nodes():
            if self._statuses.get(node.key, "pending") != node.status:
                self._statuses[node.key] = node.status
                self.say(self._line(node, watch))
            elif node.status == "running" and node.total:
                self._tell_map(node)

    def _line(self, node: NodeView, watch: Watch) -> str:
        words = [sign(node.status, self._output), instant(time.time()), node.key, node.status]
        if node.total and node.status != "running":
            words.append(f"{node.completed:,} of {node.total:,}")
        if node.status in ("completed", "failed") and node.key in watch.times:
            start, end = watch.times[node.key]
            words.append(f"in {duration(end - start)}")
        return " ".join(words)

    def _tell_map(self, node: NodeView) -> None:
        now = time.monotonic()
        at, count = self._told.setdefault(node.key, (now, node.completed))
        if now - at >= MAP_LINE_S and node.completed > count:
            self._told[node.key] = (now, node.completed)
            failed = f", {node.failed:,} failed" if node.failed else ""
            self.say(f"  {instant(time.time())} {node.key} {node.completed:,} of {node.total:,}{failed}")
