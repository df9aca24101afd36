"""Soundness of processes: what is told, with which path; and random block-structured ones, of which nothing is."""

from __future__ import annotations

import random
from itertools import pairwise
from warnings import catch_warnings, simplefilter

import pytest

from mainspring.errors import DefinitionOddWarning
from mainspring.models.process.check import soundness
from mainspring.models.process.compiler import compile_process
from mainspring.models.process.definition import Definition
from tests.models.process.blocks import random_process
from tests.models.process.oracle import Flows, random_flows, verdict

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">'
SEEDS = 300
UNDECIDED_MAX = 10
"""Of the random ones, whose branches are deeper than people draw them."""


def process(nodes: str, *flows: str) -> str:
    """`nodes`: `kind:id`, none or more; `flows`: `from to`, with a condition if `?` follows."""
    made = [f"<{kind} id='{id}'/>" for kind, _, id in (each.partition(":") for each in nodes.split())]
    for flow in flows:
        source, target = flow.removesuffix("?").split()
        inside = "<conditionExpression>x > 1</conditionExpression>" if flow.endswith("?") else ""
        made.append(
            f"<sequenceFlow id='{source}-{target}' sourceRef='{source}' targetRef='{target}'>{inside}</sequenceFlow>"
        )
    return "\n".join(made)


def told(inside: str) -> list[str]:
    text = f"{HEAD}\n<process id='p' isExecutable='true'>\n{inside}\n</process></definitions>"
    return [str(each) for each in Definition.of_bpmn(text, file="p.bpmn").oddities()]


ENDS = "startEvent:s endEvent:e "


@pytest.mark.parametrize(
    "inside",
    [
        process(ENDS + "task:a", "s a", "a e"),
        process(ENDS + "parallelGateway:f parallelGateway:j task:a task:b", "s f", "f a", "f b", "a j", "b j", "j e"),
        process(ENDS + "exclusiveGateway:f exclusiveGateway:j", "s j", "j f", "f j?", "f e"),
        process(
            ENDS + "inclusiveGateway:f inclusiveGateway:j task:a task:b", "s f", "f a?", "f b?", "a j", "b j", "j e"
        ),
        process(ENDS + "task:a task:b inclusiveGateway:j", "s a", "a b?", "a j", "b j", "j e"),
        process(ENDS + "parallelGateway:f task:a task:b endEvent:z", "s f", "f a", "f b", "a e", "b z"),
    ],
    ids=["row", "parallel", "circle", "inclusive", "condition out of a task", "two ends"],
)
def test_nothing_is_told_of_what_is_sound(inside):
    assert told(inside) == []


def test_a_join_that_waits_for_a_flow_not_taken_is_told_with_the_way_there():
    inside = process(
        ENDS + "exclusiveGateway:x task:a task:b parallelGateway:j", "s x", "x a?", "x b", "a j", "b j", "j e"
    )

    assert told(inside) == [
        "p.bpmn:8: <parallelGateway> 'j' can wait for ever (deadlock), for a token by 'b-j': s → x → a → j"
    ]


def test_what_a_parallel_gateway_parts_and_an_exclusive_one_does_not_join_is_told():
    inside = process(
        ENDS + "parallelGateway:f task:a task:b exclusiveGateway:m", "s f", "f a", "f b", "a m", "b m", "m e"
    )
    (problem,) = told(inside)

    assert "<exclusiveGateway> 'm' lets several tokens pass that nothing has joined: s → f → " in problem
    assert problem.endswith("→ m → m")


def test_a_circle_without_a_way_out_is_told():
    inside = process(ENDS + "exclusiveGateway:x task:a task:b", "s x", "x e", "x a?", "a b", "b a")

    assert told(inside) == ["p.bpmn:6: <task> 'a' has no way to an end: s → x → a"]


def test_an_element_that_nothing_leads_to_is_told():
    inside = process(ENDS + "task:a task:lost", "s a", "a e", "lost a")

    assert told(inside) == ["p.bpmn:6: <task> 'lost' is dead: no way leads to it from a start"]


def test_boundary_events_lead_on_instead_of_their_activity_or_beside_it():
    def with_boundary(cancels: str) -> str:
        boundary = f"<boundaryEvent id='late' attachedToRef='a' cancelActivity='{cancels}'>"
        boundary += "<signalEventDefinition/></boundaryEvent>"
        nodes = process(ENDS + "task:a exclusiveGateway:m task:b", "s a", "a m", "late m", "m b", "b e")
        return f"{nodes}\n{boundary}"

    assert told(with_boundary("true")) == []
    (problem,) = told(with_boundary("false"))
    assert "'m' lets several tokens pass that nothing has joined: s → a → late → m → m" in problem


def test_an_end_that_ends_all_ends_what_waits_as_well():
    terminate = "<endEvent id='t'><terminateEventDefinition/></endEvent>"
    nodes = process(
        ENDS + "parallelGateway:f exclusiveGateway:x task:a task:b parallelGateway:j",
        *("s f", "f a", "f x", "x b?", "x t", "a j", "b j", "j e"),
    )

    assert told(f"{nodes}{terminate}") == []


def test_what_runs_beside_an_end_that_ends_all_is_not_dead():
    terminate = "<endEvent id='t'><terminateEventDefinition/></endEvent>"
    nodes = process(ENDS + "parallelGateway:f task:a task:b", "s f", "f a", "f t", "a b", "b e")

    assert told(f"{nodes}{terminate}") == []


def test_sub_processes_are_looked_at_by_themselves():
    inner = process("startEvent:s2 endEvent:e2 exclusiveGateway:x parallelGateway:j", "s2 x", "x j?", "x e2", "j e2")
    inner += "<task id='a'/><sequenceFlow id='x-a' sourceRef='x' targetRef='a'/>"
    inner += "<sequenceFlow id='a-j' sourceRef='a' targetRef='j'/>"
    (problem, *_) = told(f"{process(ENDS, 's sub', 'sub e')}<subProcess id='sub'>{inner}</subProcess>")

    assert "<parallelGateway> 'j' can wait for ever" in problem


def test_tokens_that_are_counted_are_not_decided():
    inside = process(ENDS, "s a", "a e") + "<task id='a' completionQuantity='2'/>"

    assert told(inside) == ["'p' counts tokens (startQuantity, completionQuantity): its soundness is not decided"]


def test_beyond_the_limit_it_is_not_decided(monkeypatch):
    monkeypatch.setattr(soundness, "STEPS_MAX", 5)
    names = "abcdxyz"
    row = process(" ".join(f"task:{name}" for name in names), *(f"{a} {b}" for a, b in pairwise(f"s{names}e")))

    (problem,) = told(f"{process(ENDS)}{row}")
    assert "more than 5 distributions of tokens: whether it is sound is not decided" in problem


def test_a_long_row_of_tasks_is_decided():
    names = [f"t{number}" for number in range(soundness.MARKINGS_MAX + 10)]
    row = process(" ".join(f"task:{name}" for name in names), *(f"{a} {b}" for a, b in pairwise(["s", *names, "e"])))

    assert told(f"{process(ENDS)}{row}") == []


def test_random_block_structured_processes_are_sound():
    undecided = 0
    for seed in range(SEEDS):
        odd = soundness.oddities(compile_process(random_process(random.Random(seed))))
        assert all("not decided" in each.message for each in odd), (seed, odd)
        undecided += len(odd)
    assert undecided <= UNDECIDED_MAX


def test_it_is_told_once_at_deploy_and_refuses_nothing():
    inside = process(ENDS + "task:a task:lost", "s a", "a e", "lost a")
    definition = Definition.of_bpmn(f"{HEAD}<process id='p' isExecutable='true'>{inside}</process></definitions>")

    with pytest.warns(DefinitionOddWarning, match="'lost' is dead"):
        definition.deployable()
    with catch_warnings():
        simplefilter("error")
        definition.deployable()


@pytest.mark.parametrize(
    "seeds", [range(80), pytest.param(range(80, 2_000), marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_the_verdict_is_that_of_moving_tokens_in_every_order(seeds):
    """Small flows of all gateways, most of them unsound, against a search that leaves nothing out."""
    sound = 0
    for seed in seeds:
        flow = random_flows(seed)
        found = told(written(flow))
        expected = verdict(flow)
        assert expected is not None, f"seed {seed} is too large to be searched"
        is_stuck = any("deadlock" in line or "several tokens" in line for line in found)
        assert is_stuck == expected.is_stuck, f"seed {seed}: {flow}: {found}"
        if not is_stuck:
            sound += 1
            assert {line.split("'")[1] for line in found if "is dead" in line} == expected.never, f"seed {seed}: {flow}"

    assert len(seeds) / 10 < sound < len(seeds) / 2


def written(flow: Flows) -> str:
    """Flows out of an exclusive or an inclusive gateway have conditions."""
    parting = {node for node, kind in flow.kinds.items() if kind in ("exclusiveGateway", "inclusiveGateway")}
    parting = {node for node in parting if len(flow.out_of(node)) > 1}
    flows = (f"{source} {target}{'?' if source in parting else ''}" for source, target in flow.flows)
    return process(" ".join(f"{kind}:{node}" for node, kind in flow.kinds.items()), *flows)
