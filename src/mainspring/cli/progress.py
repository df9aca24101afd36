"""What one sees while an instance runs: a live display on a terminal, plain lines elsewhere, nothing if so wished."""

from __future__ import annotations

import time
from importlib import import_module

from mainspring.cli.moments import duration, instant
from mainspring.cli.output import Output, sign
from mainspring.cli.view import Failures, View
from mainspring.models.contract import NodeView
from mainspring.watch import Happening, Watch

MAP_LINE_S = 5.0
"""Between two lines about the same map."""


def view_for(output: Output, *, title: str, instance: str, quiet: bool) -> View:
    """The view that suits where the output goes."""
    if quiet:
        return View()
    if output.is_terminal and output.colour:
        live = import_module("mainspring.cli.live")  # it loads rich, which costs 80 ms
        return live.LiveView(output, title=title, instance=instance)  # type: ignore[no-any-return]
    return LinesView(output, title=title, instance=instance)


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
