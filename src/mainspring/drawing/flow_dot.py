"""A flowchart in DOT, the language of Graphviz: what has others inside is a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mainspring.drawing.dot import colours, quoted
from mainspring.drawing.flowchart import Figure, Flowchart, Form, Line, LineKind
from mainspring.drawing.theme import COLOURS

INDENT = "    "
SHAPES: dict[Form, str] = {
    "box": 'shape=box style="rounded,filled"',
    "circle": "shape=circle width=0.5 fixedsize=true style=filled",
    "diamond": "shape=diamond width=0.7 height=0.7 fixedsize=true style=filled",
    "note": "shape=note style=filled",
    "page": "shape=note style=filled",
    "drum": "shape=cylinder style=filled",
    "group": 'shape=box style="rounded,dashed"',
    "band": "shape=box style=filled",
}
STYLES: dict[LineKind, str] = {
    "flow": "",
    "message": "style=dashed arrowhead=empty arrowtail=odot dir=both",
    "link": "style=dotted dir=none",
    "arrow": "style=dotted arrowhead=vee",
}
OUTSIDE = ("circle", "diamond")
"""Forms that are too small for their label."""


def draw(chart: Flowchart, *, title: str = "") -> str:
    """The graph's source.  Figures are `f0`, `f1`, ... from the outside in."""
    names = {figure.id: f"f{number}" for number, (figure, _) in enumerate(chart.all_figures())}
    figures = chart.by_id()
    lines = [
        "digraph {",
        f'{INDENT}rankdir=LR compound=true charset="UTF-8" fontname=Helvetica fontsize=11',
        *([f"{INDENT}label={quoted(title)} labelloc=t labeljust=l"] if title else []),
        f'{INDENT}node [fontname=Helvetica fontsize=11 margin="0.16,0.08"]',
        f'{INDENT}edge [fontname=Helvetica fontsize=9 arrowsize=0.7 color="{COLOURS["line"][0]}"]',
        *(line for figure in chart.figures for line in _figure(figure, names, INDENT)),
        *(f"{INDENT}{_line(line, names, figures)}" for line in chart.lines),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _figure(figure: Figure, names: dict[str, str], indent: str) -> Iterator[str]:
    name = names[figure.id]
    text = "\\n".join(quoted(line)[1:-1] for line in told(figure))
    if not figure.inside:
        label = f'label="" xlabel="{text}"' if figure.form in OUTSIDE else f'label="{text}"'
        pen = {"thick": " penwidth=2.5", "double": " peripheries=2", "thin": ""}[figure.border]
        yield f"{indent}{name} [{SHAPES[figure.form]} {label} {colours(figure.status)}{pen}]"
        return
    style = "filled" if figure.form == "band" else "rounded,dashed" if figure.is_dashed else "rounded,filled"
    yield f"{indent}subgraph cluster_{name} {{"
    yield f'{indent}{INDENT}label="{text}" style="{style}" {colours("")}'
    # Lines go from node to node; this one stands for the cluster.
    yield f"{indent}{INDENT}{name} [shape=point style=invis width=0 height=0]"
    for inner in figure.inside:
        yield from _figure(inner, names, indent + INDENT)
    yield f"{indent}}}"


def told(figure: Figure) -> list[str]:
    """What a figure says in words."""
    words = [figure.label or (figure.icon if figure.form in OUTSIDE else figure.id), figure.note]
    words.append(f"{figure.count:,}" if figure.count else "")
    words.append(figure.alert)
    return [word for word in words if word]


def _line(line: Line, names: dict[str, str], figures: Mapping[str, Figure]) -> str:
    parts = [STYLES[line.kind]]
    if line.label:
        parts.append(f"label={quoted(line.label)}")
    if line.tail:
        parts.append(f"dir=both arrowtail={'odiamond' if line.tail == 'diamond' else 'tee'}")
    if line.source != line.target:
        parts += [f"ltail=cluster_{names[line.source]}"] if figures[line.source].inside else []
        parts += [f"lhead=cluster_{names[line.target]}"] if figures[line.target].inside else []
    attributes = " ".join(part for part in parts if part)
    return f"{names[line.source]} -> {names[line.target]}{f' [{attributes}]' if attributes else ''}"
