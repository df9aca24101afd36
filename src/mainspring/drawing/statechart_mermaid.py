"""A statechart as a state diagram of Mermaid (`stateDiagram-v2`), for Markdown that draws it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from mainspring.drawing.statechart import ROOT, State, Statechart
from mainspring.drawing.text import one_line
from mainspring.drawing.theme import COLOURS

MARKUP = re.compile(r"""["#&<>`*~\\|$%:;{}\[\]]""")
"""What Mermaid or HTML could take for markup; written as numbered entities."""

INDENT = "    "


def draw(chart: Statechart, *, title: str = "") -> str:
    """The diagram's source.  States are `s0`, `s1`, ... in document order, so no id can be misread.

    Mermaid knows no histories and no initial states of regions: the first are states `H` and `H*`.
    """
    states = [state for state, _ in chart.all_states()]
    around = {state.id: outer for state, outer in chart.all_states()}
    names = {state.id: f"s{number}" for number, state in enumerate(states)}
    kinds = {state.id: state.kind for state in states}
    lines = [
        *(["---", f"title: {json.dumps(title, ensure_ascii=False)}", "---"] if title else []),
        "stateDiagram-v2",
        *_inside(chart, chart.states, ROOT, names, around, kinds, INDENT),
        *(
            f"{INDENT}{names[arrow.source]} --> {names[arrow.target]}{_label(arrow.labels)}"
            for arrow in chart.arrows
            if kinds[arrow.source] != "initial"
        ),
        *(f"{INDENT}{line}" for line in _colours(states, names)),
    ]
    return "\n".join(lines) + "\n"


def _inside(
    chart: Statechart,
    states: tuple[State, ...],
    outer: str,
    names: Mapping[str, str],
    around: Mapping[str, str],
    kinds: Mapping[str, str],
    indent: str,
) -> Iterator[str]:
    """The states within one, with where it begins and ends."""
    for number, state in enumerate(states):
        if number and kinds.get(outer) == "parallel":
            yield f"{indent}--"
        if state.kind == "initial":
            for arrow in chart.arrows:
                if arrow.source == state.id and around[arrow.target] == outer:
                    yield f"{indent}[*] --> {names[arrow.target]}{_label(arrow.labels)}"
            continue
        text = {"shallow": "H", "deep": "H*"}.get(state.kind, state.text)
        told = "<br/>".join(map(_text, (text, *state.lines))) if not state.states else _text(text)
        yield f'{indent}state "{told}" as {names[state.id]}'
        if state.states:
            yield f"{indent}state {names[state.id]} {{"
            yield from _inside(chart, state.states, state.id, names, around, kinds, indent + INDENT)
            yield f"{indent}}}"
        if state.kind == "final":
            yield f"{indent}{names[state.id]} --> [*]"


def _label(labels: tuple[str, ...]) -> str:
    return f" : {'<br/>'.join(map(_text, labels))}" if labels else ""


def _text(text: str) -> str:
    return MARKUP.sub(lambda found: f"#{ord(found[0])};", one_line(text) or " ")


def _colours(states: list[State], names: dict[str, str]) -> Iterator[str]:
    for status in ("running", "completed"):
        members = ",".join(names[state.id] for state in states if state.status == status and not state.states)
        if members:
            fill, line, ink = COLOURS[f"{status}-tint"][0], COLOURS[status][0], COLOURS["ink"][0]
            yield f"classDef {status} fill:{fill},stroke:{line},color:{ink}"
            yield f"class {members} {status}"
