"""`mainspring list`: instances, the newest first."""

from __future__ import annotations

from mainspring.cli.moments import duration, instant, read_instant
from mainspring.cli.output import Cell, Output, cut, paint, status_cell
from mainspring.cli.parser import Options, Parser
from mainspring.cli.stores import hint, look
from mainspring.cli.values import info_json, read_attributes
from mainspring.instance import Info, Page

LIMIT = 20
MODELS = ("workflow", "machine", "process", "task", "schedule", "deployment")
"""Instances of the last two are listed only where they are asked for."""


def arguments(parser: Parser) -> None:
    parser.add_argument("--status", metavar="STATUS", action="append", help="only these; may be given several times")
    parser.add_argument("--definition", metavar="NAME", help="only instances of this definition")
    parser.add_argument(
        "--model", metavar="MODEL", choices=MODELS, help=f"only instances of this kind: {', '.join(MODELS)}"
    )
    parser.add_argument("--since", metavar="WHEN", help="created at or after: 2026-11-24, 2026-11-24T14:00, 12h, 30d")
    parser.add_argument("--attribute", metavar="NAME=VALUE", action="append", help="only with this attribute")
    parser.add_argument("--children", action="store_true", help="also those that another instance started")
    parser.add_argument("--limit", metavar="N", type=int, default=LIMIT, help=f"rows of a page; default {LIMIT}")
    parser.add_argument("--after", metavar="POSITION", help="the next page, as the last one said")
    parser.examples = [
        ("mainspring list --status failed --since 1d", "what failed since yesterday"),
        ("mainspring list --attribute customer=17", "what was started for a customer"),
    ]


def perform(options: Options, output: Output) -> int:
    attributes = read_attributes(options.attribute)
    with look(options) as looking:
        page = looking.list(
            status=options.status,
            definition=options.definition,
            model=options.model,
            since=None if options.since is None else read_instant(options.since),
            attributes=attributes or None,
            children=options.children,
            limit=options.limit,
            after=options.after,
        )
    if output.is_json:
        output.json({"instances": [info_json(info) for info in page], "next": page.next})
        return 0
    _show(page, options, output)
    return 0


def _show(page: Page, options: Options, output: Output) -> None:
    if not page.items:
        filtered = (
            options.status or options.definition or options.model or options.since or options.attribute or options.after
        )
        output.line("no such instances" if filtered else "no instances yet; `mainspring demo` makes one worth a look")
        return
    output.table(["id", "status", "definition", "started", "took", ""], [_row(info) for info in page], right=[4])
    if page.next is not None:
        output.line(paint(f"more: {hint(options, 'list', '--after', page.next)}", "quiet", output))


def _row(info: Info) -> list[Cell]:
    took = None if info.ended_at is None else (info.ended_at - info.created_at).total_seconds()
    story = str(info.failure) if info.failure is not None else info.reason
    return [
        cut(info.id, 48),
        status_cell(info.status),
        cut(info.definition, 32),
        (instant(info.created_at), "quiet"),
        duration(took),
        (story, "failed" if info.failure is not None else "quiet"),
    ]
