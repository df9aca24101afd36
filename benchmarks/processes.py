"""How fast processes are: in memory beside SpiffWorkflow in the same process, and durable beside the reference.

    .venv/bin/pip install spiffworkflow; .venv/bin/python benchmarks/processes.py [--json FILE]

SpiffWorkflow is the extra `peers`; where it is not installed its row says so, and nothing is compared.
"""

from __future__ import annotations

import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from harness import Bound, Reference, Row, options_of, plain_row, row, tell

from mainspring import Engine, Process, Workflow, task

PEER = "SpiffWorkflow"
INSTANCES, STEPS = 2_000, 10
ITEMS = 10_000
WAITING = 10_000
MODEL_BYTES = 60_000


@task
async def nothing() -> None:
    """A task that costs nothing, so that what is measured is around it."""


@task
async def item(value: int) -> None:
    """The same for each item."""


# --- In memory --------------------------------------------------------------------------------


def small() -> str:
    """Ten script tasks, an exclusive and a parallel gateway, as a file that both read."""
    nodes = ["<startEvent id='s'/>", "<endEvent id='e'/>", "<exclusiveGateway id='x'/>", "<exclusiveGateway id='y'/>"]
    nodes += ["<parallelGateway id='f'/>", "<parallelGateway id='j'/>"]
    nodes += [f"<scriptTask id='t{n}'><script>{{}}</script></scriptTask>" for n in range(10)]
    ways = ["s t0", "t0 t1", "t1 x", "t2 y", "t3 y", "y t4", "t4 t5", "t5 f", "f t6", "f t7", "t6 j", "t7 j", "j t8"]
    ways += ["t8 t9", "t9 e"]
    flows = [_flow(*way.split()) for way in ways]
    flows += [_flow("x", "t2", "n &gt; 1"), _flow("x", "t3", "n &lt; 2")]
    return _file(nodes, flows)


def row_of(count: int) -> str:
    """So many script tasks in a row."""
    nodes = ["<startEvent id='s'/>", "<endEvent id='e'/>"]
    nodes += [f"<scriptTask id='t{n}'><script>{{}}</script></scriptTask>" for n in range(count)]
    ids = ["s", *(f"t{n}" for n in range(count)), "e"]
    return _file(nodes, [_flow(source, target) for source, target in pairwise(ids)])


def _flow(source: str, target: str, condition: str = "") -> str:
    inside = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    return f"<sequenceFlow id='{source}-{target}' sourceRef='{source}' targetRef='{target}'>{inside}</sequenceFlow>"


def _file(nodes: list[str], flows: list[str]) -> str:
    inside = "\n".join(nodes + flows)
    return (
        "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t'>"
        f"<process id='p' isExecutable='true'>\n{inside}\n</process></definitions>"
    )


def ours(text: str) -> Callable[[], float]:
    world = Process.of_bpmn(text).world()

    def run() -> float:
        world.instances.clear()
        begin = time.perf_counter()
        live = world.start("p", {"n": 1})
        took = time.perf_counter() - begin
        assert live.status == "completed"
        return took

    return run


def theirs(text: str) -> Callable[[], float]:
    """SpiffWorkflow, with the same file; its scripts and conditions are Python."""
    from lxml import etree
    from SpiffWorkflow.bpmn.parser import BpmnParser
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(text.replace("<script>{}</script>", "<script>pass</script>").encode()))
    spec = parser.get_spec("p")

    def run() -> float:
        begin = time.perf_counter()
        workflow = BpmnWorkflow(spec)
        workflow.task_tree.data["n"] = 1
        workflow.do_engine_steps()
        took = time.perf_counter() - begin
        assert workflow.is_completed()
        return took

    return run


def in_memory(rounds: int) -> list[Row]:
    own, pairs = ours(small()), []
    other = theirs(small()) if importlib.util.find_spec(PEER) else None
    for _ in range(rounds * 4):
        mine = min(own() for _ in range(20))
        pairs.append((mine, other() if other is not None else 0.0))
    rate = statistics.median(1 / mine for mine, _ in pairs)
    rows = [plain_row("10 scripts, two gateways: instances/s", "/s", rate)]
    if other is not None:
        ratio = statistics.median(peer / mine for mine, peer in pairs)
        peers = statistics.median(1 / peer for _, peer in pairs)
        rows.append(Row(f"the same, beside {PEER}", "×", ratio, peers, ratio, "≥ 20 ×", ratio >= 20))
    else:
        rows.append(Row(f"the same, beside {PEER}: not installed", "×", 0.0))
    for count, limit in ((200, 5.0), (2_000, 50.0)):
        run = ours(row_of(count))
        best = statistics.median(run() for _ in range(rounds)) * 1e3
        rows.append(plain_row(f"{count:,} scripts in a row", "ms", best, Bound(limit, "ms")))
    return rows


# --- Durable ----------------------------------------------------------------------------------


def services(count: int) -> Process:
    process = Process("services").start("s")
    for number in range(count):
        process.service(f"t{number}", nothing)
    return process.end("e")


def durable(rounds: int, instances: int, folder: str, reference: Reference) -> Row:
    pairs = []
    for number in range(rounds):
        spike = float(reference.figures()["steps_per_s"])
        with Engine(f"sqlite:///{folder}/steps-{number}.db") as engine:
            process = services(STEPS)
            engine.gather(engine.start_many(process, [{}] * max(1, instances // 10)))
            begin = time.perf_counter()
            engine.gather(engine.start_many(process, [{}] * instances))
            pairs.append((spike, instances * STEPS / (time.perf_counter() - begin)))
    return row(
        f"{instances:,} instances of {STEPS} service tasks: steps/s", "/s", pairs, Bound(0.3, "×", is_least=True)
    )


def fan_out(rounds: int, items: int, folder: str) -> list[Row]:
    process = Process("each").start("s").service("work", item, each="items", item="value").end("e")
    workflow = Workflow("map")
    workflow.output(workflow.map(item, workflow.input("items", list[int])))
    ratios, sizes = [], []
    for number in range(rounds):
        with Engine(f"sqlite:///{folder}/map-{number}.db") as engine:
            begin = time.perf_counter()
            engine.start(workflow, {"items": list(range(items))}).result()
            mapped = time.perf_counter() - begin
            took = _time(engine, process, items)
            ratios.append(took / mapped)
            sizes.append(took / (_time(engine, process, items // 10) * 10))
    ratio, growth = statistics.median(ratios), statistics.median(sizes)
    return [
        plain_row(f"parallel multi-instance over {items:,}, beside a map", "×", ratio, Bound(3, "×")),
        plain_row(f"an item of {items:,}, beside one of {items // 10:,}", "×", growth, Bound(2, "×")),
    ]


def _time(engine: Engine, process: Process, items: int) -> float:
    begin = time.perf_counter()
    engine.start(process, {"items": list(range(items))}).result()
    return time.perf_counter() - begin


def waiting(rounds: int, instances: int, folder: str) -> Row:
    process = Process("waits").start("s").wait("m", message="paid").end("e")
    with Engine(f"sqlite:///{folder}/waiting.db") as engine:
        for number in range(instances):
            if number % 1_000 == 0:
                keys = [f"k{each}" for each in range(number, min(number + 1_000, instances))]
                _start_all(engine, process, keys)
        took = []
        for number in range(rounds * 10):
            begin = time.perf_counter()
            engine.publish("paid", key=f"k{number * 7 % instances}")
            took.append((time.perf_counter() - begin) * 1e3)
    return plain_row(f"{instances:,} wait for messages; one correlates", "ms", statistics.median(took), Bound(5, "ms"))


def _start_all(engine: Engine, process: Process, keys: list[str]) -> None:
    for key in keys:
        engine.start(process, key=key)


def reading(rounds: int) -> Row:
    count = 1
    while len(row_of(count)) < MODEL_BYTES:
        count += 10
    text, took = row_of(count).encode(), []
    for _ in range(rounds * 3):
        begin = time.perf_counter()
        Process.of_bpmn(text).oddities()
        took.append((time.perf_counter() - begin) * 1e3)
    return plain_row(
        f"read, check and compile {len(text) // 1000} KB",
        "ms",
        statistics.median(took),
        Bound(50, "ms"),
    )


def main() -> int:
    options = options_of(__doc__).parse_args()
    sized: Callable[[int], int] = lambda count: max(10, round(count * options.size))  # noqa: E731
    rows: list[Any] = in_memory(options.rounds)
    rows.append(reading(options.rounds))
    reference = Reference(folder=options.folder)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        Path(folder).mkdir(exist_ok=True)
        rows.append(durable(options.rounds, sized(INSTANCES), folder, reference))
        rows += fan_out(max(1, options.rounds // 2), sized(ITEMS), folder)
        rows.append(waiting(options.rounds, sized(WAITING), folder))
    installed = PEER if importlib.util.find_spec(PEER) else f"{PEER} is not installed"
    tell("processes", rows, options.json, told=f"{reference.told}; peer: {installed}")
    return 1 if any(row.holds is False for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
