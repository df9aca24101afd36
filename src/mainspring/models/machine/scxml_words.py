"""The elements of SCXML, their attributes and what stands inside of them (W3C Recommendation, sections 3 to 6).

What is not among them has no effect, so a guard written as `cnd="…"` would be none: it is told as odd.  Elements and
attributes of other namespaces are for other programs, and passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from mainspring.models.xml_text import Element

_STATES = "state parallel history datamodel invoke onentry onexit transition"

INSIDE: Mapping[str, str] = {
    "scxml": "state parallel final datamodel script",
    "state": f"{_STATES} final initial",
    "parallel": _STATES,
    "final": "onentry onexit donedata transition",
    "history": "transition",
    "initial": "transition",
    "datamodel": "data",
    "donedata": "content param",
    "send": "content param",
    "invoke": "content param finalize",
}
"""Of elements that hold no actions; what is no action among these is refused by whoever reads them."""

ATTRIBUTES: Mapping[str, str] = {
    "scxml": "initial name version datamodel binding",
    "state": "id initial",
    "parallel": "id",
    "final": "id",
    "history": "id type",
    "transition": "event cond target type",
    "initial": "",
    "onentry": "",
    "onexit": "",
    "datamodel": "",
    "data": "id src expr",
    "donedata": "",
    "content": "expr",
    "param": "name expr location",
    "raise": "event",
    "if": "cond",
    "elseif": "cond",
    "else": "",
    "foreach": "array item index",
    "log": "label expr",
    "assign": "location expr",
    "script": "src",
    "send": "event eventexpr target targetexpr type typeexpr id idlocation delay delayexpr namelist",
    "cancel": "sendid sendidexpr",
    "invoke": "type typeexpr src srcexpr id idlocation namelist autoforward",
    "finalize": "",
}
PLAIN = ("data", "assign", "script")
"""What is inside of these is a value or a program, and none of ours to read."""


def without_meaning(element: Element) -> Iterator[tuple[str, Element]]:
    """What is written in this element, and in those inside of it, that SCXML does not know."""
    known = ATTRIBUTES[element.name].split()
    for name in element.attributes:
        if " " not in name and name not in known:
            yield f"SCXML knows no attribute {name!r} of it, so it has no effect{_nearest(name, known)}", element
    for each in () if element.name in PLAIN else element.elements:
        if each.namespace != element.namespace:
            continue
        if each.name in INSIDE.get(element.name, each.name).split():
            yield from without_meaning(each) if each.name in ATTRIBUTES else ()
        elif element.name != "content":
            yield f"SCXML knows none inside of <{element.name}>, so it has no effect", each


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"; did you mean {near[0]!r}?" if near else ""
