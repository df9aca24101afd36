"""`mainspring why`: why tasks wait, and which workers nearly could take them."""

from __future__ import annotations

import msgspec

from mainspring.cli.output import Output, paint, sign
from mainspring.cli.parser import Options, Parser
from mainspring.cli.stores import look
from mainspring.errors import NotFoundError
from mainspring.looking import Waiting

WORKERS_MAX = 5
"""Shown of those that cannot take a task."""
HOLDERS_MAX = 5
"""Shown of those whose places it waits for."""


def arguments(parser: Parser) -> None:
    parser.add_argument("id", metavar="ID", help="of the instance")
    parser.add_argument("key", metavar="KEY", nargs="?", help="of one of its tasks; default: all that wait")


def perform(options: Options, output: Output) -> int:
    with look(options) as looking:
        found = looking.why(options.id, options.key)
        info, now = looking.get(options.id).info(), looking.clock.now()
    if options.key is not None and not found:
        raise NotFoundError(f"{options.id} has no task {options.key!r} that waits; it is {info.status}")
    if output.is_json:
        output.json({"id": info.id, "status": info.status, "waiting": [msgspec.to_builtins(one) for one in found]})
    elif not found:
        output.line(f"{sign(info.status, output)} {info.id} is {info.status}, and none of its tasks waits")
    for waiting in () if output.is_json else found:
        _show(waiting, output, now)
    return 0


def _show(waiting: Waiting, output: Output, now: float) -> None:
    where = f"queue {waiting.queue}" + (f", requires {waiting.requires}" if waiting.requires else "")
    where += f", on {waiting.executor}" if waiting.executor else ""
    output.line(f"{sign('pending', output)} {paint(waiting.key, 'bold', output)}  {waiting.handler}  ({where})")
    for reason in waiting.reasons:
        output.line(f"    {reason}")
    for holder in waiting.holders[:HOLDERS_MAX]:
        who = f"{paint(holder.instance, 'name', output)} {holder.key}" + (
            f", on {holder.worker}" if holder.worker else ""
        )
        output.line(f"      {who}, for {max(0.0, now - holder.leased_at):.0f} s")
    if len(waiting.holders) > HOLDERS_MAX:
        output.line(f"      … and {len(waiting.holders) - HOLDERS_MAX:,} others")
    for mismatch in waiting.workers[:WORKERS_MAX]:
        output.line(f"      {paint(mismatch.worker, 'name', output)}: {'; '.join(mismatch.lacks)}")
    if len(waiting.workers) > WORKERS_MAX:
        output.line(f"      … and {len(waiting.workers) - WORKERS_MAX:,} others")
