"""A statechart in DOT, the language of Graphviz: what is inside a state is a cluster."""

from __future__ import annotations

from collections.abc import Iterator

from mainspring.drawing.dot import colours, quoted
from mainspring.drawing.statechart import Arrow, State, Statechart
from mainspring.drawing.theme import COLOURS

INDENT = "    "


def draw(chart: Statechart, *, title: str = "") -> str:
    """The graph's source.  States are `s0`, `s1`, ... in document order."""
    names = {state.id: f"s{number}" for number, (state, _) in enumerate(chart.all_states())}
    states = {state.id: state for state, _ in chart.all_states()}
    lines = [
        "digraph {",
        f'{INDENT}compound=true charset="UTF-8" fontname=Helvetica fontsize=11 nodesep=0.4',
        *([f"{INDENT}label={quoted(title)} labelloc=t labeljust=l"] if title else []),
        f'{INDENT}node [fontname=Helvetica fontsize=11 margin="0.16,0.08"]',
        f'{INDENT}edge [fontname=Helvetica fontsize=9 arrowsize=0.7 color="{COLOURS["line"][0]}"]',
        *(line for state in chart.states for line in _state(state, names, INDENT, is_region=False)),
        *(f"{INDENT}{_arrow(arrow, names, states)}" for arrow in chart.arrows),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _state(state: State, names: dict[str, str], indent: str, *, is_region: bool) -> Iterator[str]:
    name = names[state.id]
    text = "\\n".join(quoted(line)[1:-1] for line in (state.text, *state.lines))
    if not state.states:
        yield f"{indent}{name} [{_shape(state, text)}]"
        return
    style = "rounded,dashed" if is_region else "rounded,filled"
    yield f"{indent}subgraph cluster_{name} {{"
    yield f'{indent}{INDENT}label="{text}" style="{style}" {colours("")}{_pen(state)}'
    # Arrows go from node to node; this one stands for the cluster.
    yield f"{indent}{INDENT}{name} [shape=point style=invis width=0 height=0]"
    for inner in state.states:
        yield from _state(inner, names, indent + INDENT, is_region=state.kind == "parallel")
    yield f"{indent}}}"


def _pen(state: State) -> str:
    return f' pencolor="{COLOURS[state.status][0]}" penwidth=2' if state.status else ""


def _shape(state: State, text: str) -> str:
    match state.kind:
        case "initial":
            return 'shape=point width=0.14 label=""'
        case "shallow" | "deep":
            letter = "H*" if state.kind == "deep" else "H"
            return f'shape=circle margin=0 width=0.3 label="{letter}" tooltip="{text}" {colours("")}'
        case "final":
            return f'shape=box style="rounded,filled" peripheries=2 label="{text}" {colours(state.status)}'
        case "state" | "parallel":
            return f'shape=box style="rounded,filled" label="{text}" {colours(state.status)}'


def _arrow(arrow: Arrow, names: dict[str, str], states: dict[str, State]) -> str:
    parts = []
    if arrow.labels:
        text = "\\n".join(quoted(label)[1:-1] for label in arrow.labels)
        parts.append(f'label="{text}"')
    loop = arrow.source == arrow.target
    if states[arrow.source].states and not loop:
        parts.append(f"ltail=cluster_{names[arrow.source]}")
    if states[arrow.target].states and not loop:
        parts.append(f"lhead=cluster_{names[arrow.target]}")
    attributes = f" [{' '.join(parts)}]" if parts else ""
    return f"{names[arrow.source]} -> {names[arrow.target]}{attributes}"
