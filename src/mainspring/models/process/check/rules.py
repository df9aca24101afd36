"""All rules of BPMN 2.0.2 that are checked, by the elements that they speak of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from mainspring.errors import Problem
from mainspring.models.process.bpmn.source import Source, label
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
)
from mainspring.models.process.check.outline import Outline
from mainspring.models.process.check.rule import Rule

RULES = (
    *structure.RULES,
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


def broken_rules(source: Source) -> list[Problem]:
    """What a file has that BPMN 2.0.2 does not allow, in the order of its lines."""
    outline = Outline(source)
    is_complete = outline.is_complete
    found: dict[Problem, int] = {}
    for name, elements in list(outline.elements.items()):
        for rule in BY_ELEMENT.get(name, ()):
            if rule.is_for_complete and not is_complete:
                continue
            for element in elements:
                wrong = rule.find(outline, element)
                if wrong is not None:
                    told = f"{label(element)} {wrong} (BPMN 2.0.2, {rule.section})"
                    found.setdefault(Problem(told, source.place(element)), element.line)
    return sorted(found, key=lambda problem: found[problem])
