"""A flowchart as one of Mermaid's, for Markdown that draws it: what has others inside is a subgraph."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mainspring.drawing.flow_dot import told
from mainspring.drawing.flowchart import Figure, Flowchart, Form, Line, LineKind
from mainspring.drawing.graph import STATUSES
from mainspring.drawing.mermaid import quoted
from mainspring.drawing.theme import COLOURS

INDENT = "    "
BRACKETS: dict[Form, tuple[str, str]] = {
    "box": ("[", "]"),
    "circle": ("((", "))"),
    "diamond": ("{", "}"),
    "note": (">", "]"),
    "page": ("[/", "/]"),
    "drum": ("[(", ")]"),
    "group": ("[", "]"),
    "band": ("[", "]"),
}
ARROWS: dict[LineKind, str] = {"flow": "-->", "message": "-.->", "link": "-.-", "arrow": "-.->"}


def draw(chart: Flowchart, *, title: str = "") -> str:
    """The flowchart's source.  Figures are `f0`, `f1`, ... from the outside in, so no id can be misread.

    Mermaid has no circles on borders and no icons: the first stand beside their box, dotted to it.
    """
    names = {figure.id: f"f{number}" for number, (figure, _) in enumerate(chart.all_figures())}
    lines = [
        *(["---", f"title: {json.dumps(title, ensure_ascii=False)}", "---"] if title else []),
        "flowchart LR",
        *(line for figure in chart.figures for line in _figure(figure, names, INDENT)),
        *(f"{INDENT}{names[each.on]} -.- {names[each.id]}" for each, _ in chart.all_figures() if each.on in names),
        *(f"{INDENT}{_line(line, names)}" for line in chart.lines),
        *(f"{INDENT}{line}" for line in _colours(chart, names)),
    ]
    return "\n".join(lines) + "\n"


def _figure(figure: Figure, names: dict[str, str], indent: str) -> Iterator[str]:
    name, text = names[figure.id], "<br/>".join(quoted(line)[1:-1] for line in told(figure) or [" "])
    if not figure.inside:
        start, end = ("(((", ")))") if figure.form == "circle" and figure.border == "thick" else BRACKETS[figure.form]
        yield f'{indent}{name}{start}"{text}"{end}'
        return
    yield f'{indent}subgraph {name}["{text}"]'
    for inner in figure.inside:
        yield from _figure(inner, names, indent + INDENT)
    yield f"{indent}end"


def _line(line: Line, names: dict[str, str]) -> str:
    label = f"|{quoted(line.label)}|" if line.label else ""
    return f"{names[line.source]} {ARROWS[line.kind]}{label} {names[line.target]}"


def _colours(chart: Flowchart, names: dict[str, str]) -> Iterator[str]:
    for status in STATUSES:
        members = ",".join(names[figure.id] for figure, _ in chart.all_figures() if figure.status == status)
        if status and members:
            fill, line, ink = COLOURS[f"{status}-tint"][0], COLOURS[status][0], COLOURS["ink"][0]
            yield f"classDef {status} fill:{fill},stroke:{line},color:{ink}"
            yield f"class {members} {status}"
