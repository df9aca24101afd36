"""Link events: two ends of one flow that is not drawn (10.5.5)."""

from __future__ import annotations

from mainspring.models.process.bpmn.source import children, label
from mainspring.models.process.check.outline import Outline, id_of, references
from mainspring.models.process.check.rule import Rule
from mainspring.models.xml_text import Element

LINK = ("linkEventDefinition",)


def _catches(outline: Outline, link: Element) -> bool:
    return outline.parents[link].name == "intermediateCatchEvent"


def _throws(outline: Outline, link: Element) -> bool:
    return outline.parents[link].name == "intermediateThrowEvent"


def _scope(outline: Outline, link: Element) -> Element:
    return outline.parents[outline.parents[link]]


def _goes_with(source: Element, target: Element) -> bool:
    """Whether one leads to the other: each may name the other, or both have one name."""
    named = id_of(target) in references(source, "target") or id_of(source) in references(target, "source")
    return named or (
        bool(source.attributes.get("name")) and source.attributes.get("name") == target.attributes.get("name")
    )


def has_other_end(outline: Outline, link: Element) -> str | None:
    catches = _catches(outline, link)
    if not catches and not _throws(outline, link):
        return None
    is_other = _throws if catches else _catches
    others = [each for each in outline.elements["linkEventDefinition"] if is_other(outline, each)]
    pairs = [each for each in others if (_goes_with(each, link) if catches else _goes_with(link, each))]
    what = "source" if catches else "target"
    if not pairs:
        return f"of {label(outline.parents[link])} has no {what} of its name"
    if all(_scope(outline, each) is not _scope(outline, link) for each in pairs):
        return (
            f"of {label(outline.parents[link])} has its {what} in another process or sub-process, where it cannot lead"
        )
    return None


def ends_agree(outline: Outline, link: Element) -> str | None:
    """A source that names a target is among the sources of that target, and the other way round."""
    for back, forth in (("source", "target"), ("target", "source")):
        for reference in references(link, forth):
            other = outline.source.by_id.get(reference)
            named = [] if other is None else references(other, back)
            if other is not None and other.name in LINK and named and id_of(link) not in named:
                return f"names {label(other)} as its {forth}, but is not named there as its {back}"
    return None


def one_target(outline: Outline, link: Element) -> str | None:
    """Of one name there may be several sources, and one target (10.5.5)."""
    name = link.attributes.get("name")
    if not name or not _catches(outline, link):
        return None
    for event in children(_scope(outline, link), "intermediateCatchEvent"):
        for other in children(event, *LINK):
            if other is not link and other.attributes.get("name") == name and other.line < link.line:
                return f"is a second target for links named {name!r}; the first is in line {other.line}"
    return None


RULES = (
    Rule("10.5.5", LINK, has_other_end),
    Rule("10.5.5", LINK, ends_agree),
    Rule("10.5.5", LINK, one_target),
)
