"""The diagram interchange of a BPMN file (12): where its elements are drawn."""

from __future__ import annotations

from mainspring.models.process.bpmn.source import BPMN_DI, DC, DI, Source, is_true, local
from mainspring.models.process.document import Edge, Shape
from mainspring.models.xml_text import Element


def read_diagram(source: Source) -> tuple[tuple[Shape, ...], tuple[Edge, ...]]:
    """Shapes and edges of all planes; one without numbers is left out, with a warning."""
    shapes: list[Shape] = []
    edges: list[Edge] = []
    for element in source.elements:
        if element.namespace != BPMN_DI or element.name not in ("BPMNShape", "BPMNEdge"):
            continue
        try:
            if element.name == "BPMNShape":
                shapes.append(_shape(element))
            else:
                edges.append(_edge(element))
        except (KeyError, ValueError, StopIteration):
            source.warn(f"<{element.name}> has no usable numbers and is not drawn", element)
    return tuple(shapes), tuple(edges)


def _shape(element: Element) -> Shape:
    bounds = _bounds(element)
    if bounds is None:
        raise ValueError("a shape without bounds")
    return Shape(
        local(element.attributes["bpmnElement"]),
        *bounds,
        label=_label(element),
        horizontal=is_true(element, "isHorizontal", default=True),
        expanded=is_true(element, "isExpanded", default=True),
    )


def _edge(element: Element) -> Edge:
    points = tuple(
        (float(each.attributes["x"]), float(each.attributes["y"]))
        for each in element.elements
        if each.namespace == DI and each.name == "waypoint"
    )
    return Edge(local(element.attributes["bpmnElement"]), points, _label(element))


def _label(element: Element) -> tuple[float, ...]:
    found = next((each for each in element.elements if each.name == "BPMNLabel"), None)
    return (_bounds(found) if found is not None else None) or ()


def _bounds(element: Element) -> tuple[float, float, float, float] | None:
    found = next((each for each in element.elements if each.namespace == DC and each.name == "Bounds"), None)
    if found is None:
        return None
    x, y, width, height = (float(found.attributes[name]) for name in ("x", "y", "width", "height"))
    return x, y, width, height
