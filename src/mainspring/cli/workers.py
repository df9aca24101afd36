"""`mainspring workers`: who works on the store, what they offer, and what they have done."""

from __future__ import annotations

from mainspring.cli.moments import duration
from mainspring.cli.output import Cell, Output, paint
from mainspring.cli.parser import Options, Parser
from mainspring.cli.stores import look
from mainspring.cli.values import instant_json
from mainspring.looking import WorkerView


def arguments(parser: Parser) -> None:
    parser.note = "Done, failed and the sign of life are as the workers last told, every few seconds."


def perform(options: Options, output: Output) -> int:
    with look(options) as looking:
        now = looking.clock.now()
        everybody = [(worker, _state(worker, now, looking.has_gone(worker))) for worker in looking.workers()]
    rows = [(worker, state) for worker, state in everybody if works(worker)]
    if output.is_json:
        output.json([_as_json(worker, state, now) for worker, state in rows])
    elif not rows:
        output.line("nobody works on this store")
    else:
        header = ["worker", "state", "slots", "running", "done", "failed", "seen", "queues", "labels"]
        output.table(header, [_row(worker, state, now) for worker, state in rows], right=[2, 3, 4, 5])
    others = sum(state == "alive" and not works(worker) for worker, state in everybody)
    if others and not output.is_json:
        takes = "other engine takes" if others == 1 else "other engines take"
        output.line(paint(f"{others:,} {takes} no tasks: without slots, or paused", "quiet", output))
    return 0


def works(worker: WorkerView) -> bool:
    """Whether it takes tasks, or has some; the engine that a worker has taken over is open beside its own, paused."""
    return worker.takes_tasks or worker.running_count > 0


def _state(worker: WorkerView, now: float, has_gone: bool) -> str:
    return "dead" if has_gone or worker.lease_until < now else "alive"


def _row(worker: WorkerView, state: str, now: float) -> list[Cell]:
    labels = [name if value is True else f"{name}={_shown(value)}" for name, value in worker.offer.labels.items()]
    labels += [kind if not problem else f"{kind} (away)" for kind, problem in worker.offer.clusters.items()]
    counts = (worker.slots, worker.running_count, worker.completed, worker.failed)
    return [
        worker.name,
        (state, "failed" if state == "dead" else "completed"),
        *(f"{count:,}" for count in counts),
        f"{duration(max(0.0, now - worker.renewed_at))} ago",
        "all" if worker.offer.queues is None else ",".join(worker.offer.queues),
        " ".join(labels),
    ]


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as_json(worker: WorkerView, state: str, now: float) -> dict[str, object]:
    return {
        "name": worker.name, "state": state, "host": worker.host, "process": worker.process, "slots": worker.slots,
        "running": worker.running_count, "completed": worker.completed, "failed": worker.failed,
        "started_at": instant_json(worker.started_at), "heartbeat_age_s": round(max(0.0, now - worker.renewed_at), 3),
        "labels": worker.offer.labels, "queues": worker.offer.queues, "clusters": worker.offer.clusters,
    }  # fmt: skip
