"""`mainspring worker`: run what waits in the store, until interrupted."""

from __future__ import annotations

from mainspring.cli.commands import UsageError
from mainspring.cli.hosted import Hosted, hosted_by
from mainspring.cli.load import make_importable
from mainspring.cli.output import Output
from mainspring.cli.parser import Options, Parser
from mainspring.cli.session import Session
from mainspring.cli.stores import store_of
from mainspring.engine import CLUSTER_SLOTS, DRAIN_S, RECYCLE_ATTEMPTS, RECYCLE_MB
from mainspring.masking import masked
from mainspring.models.requirement import label_value


def arguments(parser: Parser) -> None:
    parser.add_argument(
        "targets",
        metavar="FILE|module:name",
        nargs="*",
        help="workflows, machines, handlers, or an engine whose store and handlers are taken",
    )
    parser.add_argument("--slots", metavar="N", type=int, help="attempts at once; default: as the handlers allow")
    parser.add_argument(
        "--label", metavar="NAME[=VALUE]", action="append", default=[], help="what it offers, such as gpu or region=eu"
    )
    parser.add_argument(
        "--queue", metavar="NAME,…", action="append", default=[], help="take tasks of these queues only; default: all"
    )
    parser.add_argument(
        "--cluster",
        metavar="KIND=ADDRESS,…",
        action="append",
        default=[],
        help="compute there what names that executor, as dask=tcp://host:8786; default: $MAINSPRING_CLUSTERS",
    )
    parser.add_argument(
        "--cluster-slots",
        metavar="N",
        type=int,
        default=CLUSTER_SLOTS,
        help=f"attempts there at once; default: {CLUSTER_SLOTS}",
    )
    parser.add_argument("--name", metavar="TEXT", help="what it is called; default: worker-PID")
    parser.add_argument(
        "--grace",
        metavar="S",
        type=float,
        default=DRAIN_S,
        help=f"seconds for what runs, once it is to stop; default: {DRAIN_S:g}",
    )
    parser.add_argument(
        "--recycle-attempts",
        metavar="N",
        type=int,
        default=RECYCLE_ATTEMPTS,
        help=f"replace a process for handlers after so many; default: {RECYCLE_ATTEMPTS:,}",
    )
    parser.add_argument(
        "--recycle-mb",
        metavar="MB",
        type=float,
        default=RECYCLE_MB,
        help=f"replace one that has grown so much since its first attempt; default: {RECYCLE_MB:g}",
    )
    parser.add_argument("--until-idle", action="store_true", help="end when every instance has ended or is paused")
    parser.note = (
        "Handlers are imported by their names from the present folder and from the folders of the files; "
        "several workers may share one store.  SIGTERM lets what runs end, gives back the rest, and exits with 0."
    )


def perform(options: Options, output: Output) -> int:
    if options.slots is not None and options.slots < 1:
        raise UsageError("--slots must be 1 or more")
    if options.cluster_slots < 1:
        raise UsageError("--cluster-slots must be 1 or more")
    if not options.grace >= 0:
        raise UsageError("--grace must be seconds from 0")
    if options.recycle_attempts < 1 or not options.recycle_mb > 0:
        raise UsageError("--recycle-attempts must be 1 or more, and --recycle-mb megabytes above 0")
    terms = {
        "labels": _labels(options.label),
        "queues": _names(options.queue) or None,
        "clusters": ",".join(options.cluster) or None,
        "cluster_slots": options.cluster_slots,
        "name": options.name,
        "recycle_attempts": options.recycle_attempts,
        "recycle_mb": options.recycle_mb,
    }
    make_importable(".")
    hosted = hosted_by(options.targets)
    options.store = _store(options, hosted)
    with Session(options, output, grace_s=options.grace, **terms) as session:
        for handler in hosted.handlers:
            session.engine.register(handler)
        for definition in hosted.definitions:
            session.engine.deploy(definition)
        try:
            return session.work(until_idle=options.until_idle)
        finally:
            for engine in hosted.engines:
                engine.close(drain_s=0)


def _labels(words: list[str]) -> dict[str, object]:
    """`gpu` says that it is so, `region=eu` what it is."""
    labels: dict[str, object] = {}
    for word in words:
        name, equals, value = word.partition("=")
        labels[name] = label_value(value) if equals else True
    return labels


def _names(words: list[str]) -> list[str]:
    names = [name.strip() for word in words for name in word.split(",")]
    if not all(names):
        raise UsageError("--queue takes names with commas between them: --queue default,mail")
    return names


def _store(options: Options, hosted: Hosted) -> str | None:
    """Where it works: what was said, or the store of the engines that were named."""
    given = store_of(options)
    urls = {engine.url for engine in hosted.engines} | ({given} if given else set())
    if len(urls) > 1:
        raise UsageError(f"a worker works on one store, not on {' and '.join(map(masked, sorted(urls)))}")
    if "sqlite://" in urls:
        raise UsageError("a store in memory belongs to its own process; give the engine a file, or a server")
    return urls.pop() if urls else None
