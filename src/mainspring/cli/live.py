"""The live display of a terminal: a row for each node or stage, the tasks that run, and failures as they happen."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mainspring.cli.moments import duration
from mainspring.cli.output import SIGNS, Output, cut
from mainspring.cli.stages import Row, rows_of
from mainspring.cli.view import Failures, View
from mainspring.models.contract import NodeView
from mainspring.watch import Happening, Watch, node_of

STYLES = {
    "pending": "dim",
    "running": "blue",
    "paused": "magenta",
    "completed": "green",
    "failed": "red",
    "cancelled": "yellow",
    "skipped": "dim",
}
ROWS_MAX = 24
ROWS_BESIDES = 12
"""Lines of the screen that are not rows: heading, tasks, foot, and what was there before."""
TASKS_MAX = 5
BAR_WIDTH = 24
TASK_BAR_WIDTH = 10
NAME_WIDTH_MAX = 34
ESTIMATE_SHARE_MIN = 0.05
"""Before so much of a map is done, nothing is said about how long it will take."""
FRAMES = "◐◓◑◒"
"""Signs that the fonts of most terminals have."""


class LiveView(View):
    """Redrawn at each update."""

    def __init__(self, output: Output, *, title: str, instance: str) -> None:
        self._console = Console(highlight=False)
        self._failures = Failures(output)
        self._title = title
        self._instance = instance
        self._started = time.monotonic()
        self._began: dict[str, tuple[float, int]] = {}
        """When a row was first seen running, and how much of it was done then."""
        self._frame = 0
        self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
        self._live.start()

    def say(self, text: str) -> None:
        self._live.console.print(Text.from_ansi(text))

    def close(self) -> None:
        for line in self._failures.rest():
            self.say(line)
        self._live.stop()

    def update(self, watch: Watch, happenings: list[Happening]) -> None:
        for line in self._failures.lines(happenings):
            self.say(line)
        self._frame += 1
        self._live.update(self._picture(watch), refresh=True)

    # --- The picture --------------------------------------------------------------------------

    def _picture(self, watch: Watch) -> RenderableType:
        nodes = watch.nodes()
        rows_max = max(4, min(ROWS_MAX, self._console.height - ROWS_BESIDES))
        rows = rows_of(nodes, watch.times, rows_max)
        parts: list[RenderableType] = [Text(""), self._heading(watch), self._table(rows)]
        parts += [Text("")] if watch.is_over else [*self._tasks(watch), self._foot(nodes)]
        return Group(*parts)

    def _heading(self, watch: Watch) -> RenderableType:
        heading = Text(no_wrap=True, overflow="ellipsis")
        heading.append(self._title, style="bold")
        heading.append(f"  {self._instance}", style="dim")
        if watch.status == "paused":
            heading.append("  paused", style=STYLES["paused"])
        return heading

    def _table(self, rows: Sequence[Row]) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=1)
        table.add_column(max_width=NAME_WIDTH_MAX, no_wrap=True, overflow="ellipsis")
        table.add_column(justify="right", no_wrap=True, min_width=8)
        table.add_column(width=BAR_WIDTH)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        for row in rows:
            table.add_row(*self._cells(row))
        return table

    def _cells(self, row: Row) -> list[RenderableType]:
        style = STYLES.get(row.status, "")
        running = row.status == "running"
        mark = Text(FRAMES[self._frame % len(FRAMES)] if running else SIGNS.get(row.status, " "), style=style)
        quiet = "dim" if row.status in ("pending", "skipped", "cancelled") else ""
        count = f"{row.done:,}/{row.total:,}" if row.total else ""
        words = [row.status] if row.status in ("failed", "cancelled", "skipped") else []
        if row.failed and row.total:
            words.append(f"{row.failed:,} failed")
        if running:
            words.append(self._estimate(row))
        return [
            mark,
            Text(row.name, style=quiet),
            Text(self._took(row), style="dim"),
            _bar(row, style) if row.total else Text(""),
            Text(count),
            Text(" ".join(word for word in words if word), style=style if row.status == "failed" else "dim"),
        ]

    def _took(self, row: Row) -> str:
        if row.started_at is None:
            return ""
        if row.status == "running":
            return duration(time.time() - row.started_at)
        return "" if row.finished_at is None else duration(row.finished_at - row.started_at)

    def _estimate(self, row: Row) -> str:
        """How long it will still take, going by what was done while we looked."""
        now = time.monotonic()
        at, count = self._began.setdefault(row.name, (now, row.done))
        done = row.done - count
        if not row.total or done < ESTIMATE_SHARE_MIN * row.total or now - at < 1.0:
            return ""
        return f"about {duration((now - at) / done * (row.total - row.done))} left"

    def _tasks(self, watch: Watch) -> list[RenderableType]:
        """Tasks under way that have something to tell: the nodes that are a single task have a row already."""
        running = [task for task in watch.tasks(TASKS_MAX + 1) if task.running]
        running = [task for task in running if task.key != node_of(task.key) or task.attempt > 1 or task.progress]
        if not running:
            return []
        table = Table.grid(padding=(0, 1))
        now = time.time()
        for task in running[:TASKS_MAX]:
            attempt = f"attempt {task.attempt}" if task.attempt > 1 else ""
            since = duration(now - task.leased_at) if task.leased_at else ""
            bar = ProgressBar(total=1, completed=task.progress, width=TASK_BAR_WIDTH) if task.progress else Text("")
            table.add_row(" ", Text(cut(task.key, NAME_WIDTH_MAX), style="dim"), bar, Text(since, style="dim"), attempt)
        return [Text(""), table]

    def _foot(self, nodes: Sequence[NodeView]) -> RenderableType:
        done = sum(node.status in ("completed", "skipped") for node in nodes)
        failed = sum(node.status == "failed" for node in nodes)
        words = [f"{done:,} of {len(nodes):,} nodes", duration(time.monotonic() - self._started)]
        if failed:
            words.insert(1, f"{failed:,} failed")
        return Text(f"\n{' · '.join(words)} · Ctrl-C stops in good order, and loses nothing", style="dim")


def _bar(row: Row, style: str) -> RenderableType:
    return ProgressBar(
        total=row.total,
        completed=row.done,
        width=BAR_WIDTH,
        complete_style=style or "blue",
        finished_style=STYLES["completed"],
    )
