"""Timelines of tasks (Gantt charts): when each was ready, when its attempts ran, and how they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mainspring.drawing.graph import STATUSES, Status
from mainspring.drawing.scale import Scale, duration_text, tick_text, ticks, time_step
from mainspring.drawing.text import cell_count, escaped, fitted, one_line, padded, width_of
from mainspring.drawing.theme import SIGN_RULE, document, number, sign

Outcome = Literal["running", "completed", "failed", "cancelled", "lost"]
"""Lost: the worker died, and how the attempt ended nobody knows."""

TRACKS_MAX = 1_000
"""More rows than that nobody reads, and a browser no longer likes; the rest is counted in a last line."""


@dataclass(frozen=True, slots=True)
class Attempt:
    started_at: float
    """Seconds since the epoch, like all instants here."""
    finished_at: float | None
    """None: still running."""
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Track:
    """One task."""

    label: str
    status: Status = ""
    ready_at: float | None = None
    attempts: tuple[Attempt, ...] = ()
    note: str = ""
    """Told beside the label where the pointer rests."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a chart shows."""

    start: float
    end: float

    @property
    def length_s(self) -> float:
        return self.end - self.start


def span_of(tracks: Sequence[Track], now: float) -> Span:
    """From the first instant to the last; attempts that still run end now."""
    instants = [track.ready_at for track in tracks if track.ready_at is not None]
    for track in tracks:
        for attempt in track.attempts:
            instants += [attempt.started_at, end_of(attempt, now)]
    start = min(instants, default=now)
    return Span(start, max(max(instants, default=now), start))


def end_of(attempt: Attempt, now: float) -> float:
    """Never before its start, whatever the clocks of two machines say."""
    end = now if attempt.finished_at is None else attempt.finished_at
    return max(attempt.started_at, end)


def waits_of(track: Track, now: float) -> Iterator[tuple[float, float]]:
    """The times between ready and the first attempt, and between attempts."""
    since = track.ready_at
    for attempt in track.attempts:
        if since is not None and attempt.started_at > since:
            yield since, attempt.started_at
        since = end_of(attempt, now)
    if not track.attempts and since is not None and track.status == "pending" and now > since:
        yield since, now


def worked_s(track: Track, now: float) -> float:
    return sum(end_of(attempt, now) - attempt.started_at for attempt in track.attempts)


def told_time(track: Track, now: float) -> str:
    """How long it worked, and in how many attempts if in several."""
    if not track.attempts:
        return track.status
    tries = f" ({len(track.attempts)}×)" if len(track.attempts) > 1 else ""
    return duration_text(worked_s(track, now)) + tries


def more_line(count: int) -> str:
    return f"… and {count - TRACKS_MAX:,} more"


# --- As SVG -------------------------------------------------------------------------------------

CHART_WIDTH = 720.0
LABEL_WIDTH_MAX = 240.0
TIME_WIDTH = 92.0
ROW = 24.0
BAR = 12.0
BAR_WIDTH_MIN = 2.5
MARGIN = 24.0
HEADING = 34.0
AXIS = 26.0
SIGN_ROOM = 20.0
TICK_COUNT = 7
LABEL_SIZE = 12.0

COLOUR_OF: dict[Outcome, str] = {
    "running": "running",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "lost": "skipped",
}

RULES = (
    ".heading{font-size:16px;font-weight:600}",
    f".label{{font-size:{LABEL_SIZE:g}px}}",
    ".tick{font-size:11px;text-anchor:middle}",
    ".time{font-size:11px;font-variant-numeric:tabular-nums}",
    ".grid{stroke-width:1}",
    ".wait{stroke-width:2;stroke-dasharray:1.5 3.5;stroke-linecap:round}",
    SIGN_RULE,
)


def draw_svg(tracks: Sequence[Track], *, now: float, title: str = "") -> str:
    """An SVG document, one row per task in the given order; time runs from 0 at the first instant."""
    span = span_of(tracks, now)
    shown = tracks[:TRACKS_MAX]
    label_width = max((min(LABEL_WIDTH_MAX, width_of(one_line(each.label), LABEL_SIZE)) for each in shown), default=0.0)
    left = MARGIN + SIGN_ROOM + label_width + 14
    top = MARGIN + (HEADING if title else 0.0) + AXIS
    scale = Scale(span.start, span.end, left, left + CHART_WIDTH)
    bottom = top + ROW * len(shown)
    body = [
        f'<text class="heading f-ink" x="{number(MARGIN)}" y="{number(MARGIN + 12)}">{escaped(title)}</text>'
        if title
        else "",
        *draw_axis(span, scale, top, bottom),
    ]
    for index, track in enumerate(shown):
        body += draw_track(track, scale, top + ROW * (index + 0.5), now)
    if len(tracks) > TRACKS_MAX:
        bottom += ROW
        body.append(
            f'<text class="label f-quiet" x="{number(MARGIN)}" y="{number(bottom - 8)}">{more_line(len(tracks))}</text>'
        )
    return document(
        (line for line in body if line),
        width=left + CHART_WIDTH + TIME_WIDTH + MARGIN,
        height=bottom + MARGIN,
        title=title or "Timeline",
        description=describe(tracks, span),
        rules=RULES,
    )


def describe(tracks: Sequence[Track], span: Span) -> str:
    counts = Counter(track.status for track in tracks)
    statuses = "".join(f", {counts[status]} {status}" for status in STATUSES if status and counts[status])
    return f"{len(tracks)} {'task' if len(tracks) == 1 else 'tasks'} over {duration_text(span.length_s)}{statuses}."


def draw_axis(span: Span, scale: Scale, top: float, bottom: float) -> Iterator[str]:
    step = time_step(span.length_s, TICK_COUNT)
    for seconds in ticks(0.0, span.length_s, step):
        x = number(scale(span.start + seconds))
        yield f'<path class="grid s-rule" d="M{x} {number(top - 4)}V{number(bottom)}"/>'
        yield f'<text class="tick f-quiet" x="{x}" y="{number(top - 10)}">{tick_text(seconds, step)}</text>'


def draw_track(track: Track, scale: Scale, y: float, now: float) -> Iterator[str]:
    story = " · ".join(part for part in (track.label, track.note, track.status) if part)
    label = fitted(one_line(track.label), size=LABEL_SIZE, width_max=LABEL_WIDTH_MAX)
    yield f"<g><title>{escaped(story)}</title>"
    yield sign(track.status, x=MARGIN + 6, y=y)
    yield f'<text class="label f-ink" x="{number(MARGIN + SIGN_ROOM)}" y="{number(y + 4)}">{escaped(label)}</text>'
    for since, until in waits_of(track, now):
        yield f'<path class="wait s-edge" d="M{number(scale(since))} {number(y)}H{number(scale(until))}"/>'
    for index, attempt in enumerate(track.attempts, start=1):
        yield draw_attempt(attempt, index, scale, y, now)
    x = number(scale.end + 12)
    yield f'<text class="time f-quiet" x="{x}" y="{number(y + 4)}">{escaped(told_time(track, now))}</text></g>'


def draw_attempt(attempt: Attempt, index: int, scale: Scale, y: float, now: float) -> str:
    end = end_of(attempt, now)
    width = max(BAR_WIDTH_MIN, scale(end) - scale(attempt.started_at))
    x = min(scale(attempt.started_at), scale.end - BAR_WIDTH_MIN)
    told = f"attempt {index}: {attempt.outcome}, {duration_text(end - attempt.started_at)}"
    corner = number(min(3.0, width / 2))
    return (
        f'<rect class="f-{COLOUR_OF[attempt.outcome]}" x="{number(x)}" y="{number(y - BAR / 2)}" '
        f'width="{number(width)}" height="{number(BAR)}" rx="{corner}"><title>{told}</title></rect>'
    )


# --- As text ------------------------------------------------------------------------------------

CELLS: dict[Outcome, str] = {"completed": "█", "running": "▓", "failed": "▒", "cancelled": "▚", "lost": "░"}
WAITING = "·"
STATUS_SIGNS: dict[Status, str] = {
    "": " ",
    "pending": "·",
    "running": "▶",
    "completed": "✓",
    "failed": "✗",
    "cancelled": "–",
    "skipped": "»",
}
WIDTH_MIN = 40
CHART_CELLS_MIN = 10
AXIS_CELLS = 7
"""Between two times of the scale, about."""


def draw_text(tracks: Sequence[Track], *, now: float, width: int = 100) -> str:
    """The same in so many columns (40 at least), one line per task, with a scale above and a legend below."""
    width = max(WIDTH_MIN, width)
    span = span_of(tracks, now)
    shown = tracks[:TRACKS_MAX]
    labels = min(max((cell_count(one_line(track.label)) for track in shown), default=0), width // 3)
    times = max((len(told_time(track, now)) for track in shown), default=0)
    cells = max(CHART_CELLS_MIN, width - labels - times - 4)
    lines = [" " * (labels + 3) + axis_text(span, cells)]
    for track in shown:
        label = padded(one_line(track.label), labels)
        bar = bar_text(track, span, cells, now)
        lines.append(f"{STATUS_SIGNS[track.status]} {label} {bar} {told_time(track, now)}".rstrip())
    if len(tracks) > TRACKS_MAX:
        lines.append(more_line(len(tracks)))
    return "\n".join([*lines, legend(shown)]).rstrip() + "\n"


def bar_text(track: Track, span: Span, cells: int, now: float) -> str:
    """A later part wins a cell that two share, so that a retry is always seen."""
    row = [" "] * cells
    for since, until in waits_of(track, now):
        fill(row, WAITING, since, until, span)
    for attempt in track.attempts:
        fill(row, CELLS[attempt.outcome], attempt.started_at, end_of(attempt, now), span)
    return "".join(row)


def fill(row: list[str], cell: str, since: float, until: float, span: Span) -> None:
    scale = Scale(span.start, span.end, 0, len(row))
    first = min(int(scale(since)), len(row) - 1)
    last = max(first, min(round(scale(until)) - 1, len(row) - 1))
    row[first : last + 1] = cell * (last + 1 - first)


def axis_text(span: Span, cells: int) -> str:
    step = time_step(span.length_s, max(1, cells // AXIS_CELLS))
    scale = Scale(0.0, span.length_s, 0, cells)
    line = ""
    for seconds in ticks(0.0, span.length_s, step):
        told = tick_text(seconds, step)
        place = round(scale(seconds))
        if place >= len(line) and place + len(told) <= cells + 1:
            line = line.ljust(place) + told + " "
    return line.rstrip()


def legend(tracks: Sequence[Track]) -> str:
    """Only what occurs."""
    outcomes = {attempt.outcome for track in tracks for attempt in track.attempts}
    if outcomes <= {"completed"}:
        return ""
    return "  ".join(f"{cell} {outcome}" for outcome, cell in CELLS.items() if outcome in outcomes)
