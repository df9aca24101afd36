"""All rules of BPMN 2.0.2 that are checked, by the elements that they speak of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mainspring.errors import Problem
from mainspring.models.process.bpmn.source import Source, is_true, label
from mainspring.models.process.check import (
    activities,
    collaboration,
    data,
    events,
    flows,
    gateways,
    links,
    references,
    services,
    structure,
    timers,
    vocabulary,
)
from mainspring.models.process.check.outline import Outline, id_of
from mainspring.models.process.check.rule import QUIET, REFUSED, WARNED, Rule
from mainspring.models.xml_text import Element

RULES = (
    *structure.RULES,
    *vocabulary.RULES,
    *references.RULES,
    *flows.RULES,
    *gateways.RULES,
    *events.RULES,
    *links.RULES,
    *timers.RULES,
    *activities.RULES,
    *data.RULES,
    *services.RULES,
    *collaboration.RULES,
)


def _by_element(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for name in rule.elements:
            found[name].append(rule)
    return dict(found)


BY_ELEMENT = _by_element(RULES)


class Broken(NamedTuple):
    """What a file has that BPMN 2.0.2 does not allow, in the order of its lines."""

    problems: list[Problem]
    warnings: list[Problem]
    drawn: dict[str, list[Problem]]
    """Problems inside of processes that are only drawn (isExecutable='false'), by their ids."""


def broken_rules(source: Source) -> Broken:
    outline = Outline(source)
    broken = Broken([], [], {})
    for element, told, is_problem in sorted(_found(outline), key=lambda each: each[0].line):
        process = outline.process(element)
        if not is_problem:
            kept = broken.warnings
        elif process is not None and not is_true(process, "isExecutable", default=True):
            kept = broken.drawn.setdefault(id_of(process), [])
        else:
            kept = broken.problems
        problem = Problem(told, source.place(element))
        if problem not in kept:
            kept.append(problem)
    return broken


def _found(outline: Outline) -> Iterator[tuple[Element, str, bool]]:
    """Elements with what is wrong with them, and whether that is a problem."""
    is_complete = outline.is_complete
    for name, elements in list(outline.elements.items()):
        for rule in BY_ELEMENT.get(name, ()):
            if rule.weight is QUIET and not is_complete:
                continue
            for element in elements:
                wrong = rule.find(outline, element)
                if wrong is not None:
                    told = f"{label(element)} {wrong} (BPMN 2.0.2, {rule.section})"
                    yield element, told, rule.weight is REFUSED or (is_complete and rule.weight is not WARNED)
