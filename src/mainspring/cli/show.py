"""`mainspring show`: one instance, its nodes with their times and errors, and what to do next."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from mainspring.cli.moments import duration, instant
from mainspring.cli.output import SIGNS, Cell, Output, cut, paint, sign
from mainspring.cli.parser import Options, Parser
from mainspring.cli.result import show_failure, show_next, show_value
from mainspring.cli.show_process import tell_people
from mainspring.cli.stages import Row, rows_of
from mainspring.cli.stores import hint, is_worked_on, look
from mainspring.cli.values import failure_json, info_json, instant_json, node_json
from mainspring.cli.waiting import TASKS_MAX, WAITED_LONG_S, family_of, strangers_of, waiting_since
from mainspring.instance import Info
from mainspring.models.contract import NodeView
from mainspring.watch import Watch, node_of

ON_FAILURE = "on_failure"
"""The key of the task that is told of a failure; no node may be called so."""
ROWS_MAX = 60
"""Nodes that are shown one by one; more are told in stages, and those that failed by themselves."""
FAILED_MAX = 10
"""Nodes and items that failed, shown by themselves."""
DEPTH_MAX = 4
"""Of children within children."""

WITH_CHILDREN = ("workflow", "map", "machine")
"""Kinds of nodes that other instances run for."""

Line = Sequence[Cell]


def arguments(parser: Parser) -> None:
    parser.add_argument("id", metavar="ID", help="of the instance; `mainspring list` shows them")
    parser.add_argument("--all", action="store_true", help=f"every node, also when there are more than {ROWS_MAX}")


def perform(options: Options, output: Output) -> int:
    with look(options) as looking:
        watch = Watch.of(looking, options.id)
        watch.advance()
        if output.is_json:
            output.json(_as_json(watch))
            return 0
        _heading(watch.info, output)
        output.line()
        rows_max = 10**9 if options.all else ROWS_MAX
        output.table([""] * 4, list(_lines(watch, rows_max, "", DEPTH_MAX)), right=[1])
        if watch.view.model == "process":
            tell_people(looking, watch, options, output)
        _ending(watch, options, output)
        if watch.status == "running":
            _tell_waiting(watch, is_worked_on(looking), options, output)
    return 0


def _tell_waiting(watch: Watch, is_worked_on: bool, options: Options, output: Output) -> None:
    """What is ready, and who could take it."""
    work = paint(hint(options, "worker"), "name", output)
    if not is_worked_on:
        output.line(f"\n  nobody works on it now; {work} does")
        return
    for stranger in strangers_of(family_of(watch), time.time(), WAITED_LONG_S):
        waited = duration(stranger.waited_s)
        output.line(f"\n  {stranger.tasks} for {stranger.handler}, and nobody has taken it up for {waited};")
        output.line(f"  {paint(hint(options, 'why', stranger.instance), 'name', output)} tells what keeps it")


def _as_json(watch: Watch) -> dict[str, Any]:
    described = info_json(watch.info)
    waiting = waiting_since(watch.tasks(TASKS_MAX), time.time())
    described["nodes"] = [
        node_json(node, watch.times.get(node.key)) | {"waiting_since": instant_json(waiting.get(node.key))}
        for node in watch.nodes()
    ]
    untold = watch.failures.get(ON_FAILURE)
    described["on_failure"] = None if untold is None else failure_json(untold.failure)
    children = watch.children()
    described["children"] = [info_json(child.info) for child in children]
    return described


def _heading(info: Info, output: Output) -> None:
    kind = f"{info.model} {info.definition}"
    output.line(f"{sign(info.status, output)} {paint(info.id, 'bold', output)}  {kind}, version {info.version}")
    ended = info.ended_at.timestamp() if info.ended_at else time.time()
    took = duration(ended - info.created_at.timestamp())
    words = [paint(info.status, info.status, output)]
    words.append(f"in {took}" if info.ended_at else f"for {took}")
    words.append(f"started {instant(info.created_at)}" + (f", ended {instant(info.ended_at)}" if info.ended_at else ""))
    if info.parent:
        words.append(f"{info.parent_key} of {info.parent}")
    words += [f"{name}={value}" for name, value in info.attributes.items()]
    output.line(f"  {' · '.join(words)}")


def _ending(watch: Watch, options: Options, output: Output) -> None:
    info = watch.info
    if info.status == "completed" and info.output is not None:
        output.line()
        output.line(paint("Output", "bold", output))
        show_value(info.output, output)
    if info.failure is not None:
        output.line()
        output.line(paint("Failed", "bold", output))
        show_failure(info.failure, output)
    _tell_untold(watch, output)
    if info.reason:
        output.line(f"\n  {info.reason}")
    show_next(info, options, output)


def _tell_untold(watch: Watch, output: Output) -> None:
    """That the handler which should be told of failures has failed itself."""
    happening = watch.failures.get(ON_FAILURE)
    if happening is None or watch.status != "failed":  # it may have been retried since
        return
    tries = f", in {happening.attempt} attempts" if happening.attempt > 1 else ""
    output.line(f"\n{paint(f'{ON_FAILURE} failed as well{tries}', 'bold', output)}")
    if happening.failure is None:
        output.line("  its worker was lost")
    else:
        show_failure(happening.failure, output)


# --- The tree ---------------------------------------------------------------------------------


def _lines(watch: Watch, rows_max: int, indent: str, depth: int) -> Iterator[Line]:
    """A line per node, with the instances inside of it below."""
    nodes = watch.nodes()
    if len(nodes) > rows_max:
        for row in rows_of(nodes, watch.times, rows_max):
            yield _stage_line(row, indent)
        for node in [node for node in nodes if node.status == "failed"][:FAILED_MAX]:
            yield _node_line(node, watch, indent)
        return
    waiting = waiting_since(watch.tasks(TASKS_MAX), time.time())
    children = _children(watch) if depth and any(node.kind in WITH_CHILDREN for node in nodes) else {}
    levels = _levels(nodes) if watch.info.model == "machine" else {}
    for node in nodes:
        inside = indent + "  " * levels.get(node.key, 0)
        yield _node_line(node, watch, inside, is_waiting=node.key in waiting)
        below = children.get(node.key, ())
        wanted = [child for child in below if child.status != "completed"] if node.kind == "map" else below
        for child in list(wanted)[:FAILED_MAX]:
            child.advance()
            key = child.view.parent_key or ""
            item = f" {key}" if key != node.key else ""
            name = (f"  {inside}└{item} = {child.view.public_id}", "quiet")
            info = child.info
            took = duration((info.ended_at - info.created_at).total_seconds()) if info.ended_at else ""
            yield (name, took, (instant(info.created_at), "quiet"), (info.status, info.status))
            yield from _lines(child, rows_max, f"{inside}    ", depth - 1)


def _levels(nodes: Sequence[NodeView]) -> dict[str, int]:
    """How deep each state of a machine is inside others, and what runs for it."""
    levels: dict[str, int] = {}
    for node in nodes:
        levels[node.key] = 1 + max((levels.get(parent, 0) for parent in node.parents), default=-1)
    return levels


def _children(watch: Watch) -> dict[str, list[Watch]]:
    """By node."""
    children: dict[str, list[Watch]] = {}
    for child in watch.children():
        children.setdefault(node_of(child.view.parent_key or ""), []).append(child)
    return children


def _node_line(node: NodeView, watch: Watch, indent: str, *, is_waiting: bool = False) -> Line:
    story: list[str] = []
    if node.total:
        story.append(f"{node.completed:,} of {node.total:,}")
    if node.failed:
        story.append(f"{node.failed:,} failed")
    tries = _tries(node, watch)
    if tries:
        story.append(tries)
    if node.failure is not None:
        story.append(str(node.failure))
    elif node.status in ("skipped", "cancelled", "running"):
        story.insert(0, "waiting for a worker" if is_waiting else node.status)
    times = watch.times.get(node.key)
    took = duration(times[1] - times[0]) if times and node.status != "running" else ""
    mark = sign_cell("created" if is_waiting else node.status, indent, node.key)
    style = "failed" if node.failure is not None else "quiet"
    return (mark, took, (instant(times[0]) if times else "", "quiet"), (", ".join(story), style))


def _tries(node: NodeView, watch: Watch) -> str:
    """Of a node its attempts, of a map how many of its items needed more than one."""
    if node.total:
        again = sum(1 for key in watch.attempts if node_of(key) == node.key)
        return f"{again:,} tried again" if again else ""
    attempts = max((count for key, count in watch.attempts.items() if node_of(key) == node.key), default=0)
    return f"{attempts} attempts" if attempts else ""


def _stage_line(row: Row, indent: str) -> Line:
    took = duration(row.finished_at - row.started_at) if row.finished_at and row.started_at else ""
    story = f"{row.done:,} of {row.total:,}" + (f", {row.failed:,} failed" if row.failed else "")
    started = instant(row.started_at) if row.started_at else ""
    return (sign_cell(row.status, indent, row.name), took, (started, "quiet"), (story, "quiet"))


def sign_cell(status: str, indent: str, name: str) -> Cell:
    return (f"  {indent}{SIGNS.get(status, ' ')} {cut(name, 44)}", status)
