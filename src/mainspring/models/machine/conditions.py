"""Whether conditions hold, and the data of an event that make them hold, for whoever seeks paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import islice, product
from typing import Any

from mainspring.models.machine.chart import Node
from mainspring.models.machine.expression import EVENT, IN, ActionError, Evaluate
from mainspring.models.machine.plan import Arc, Plan

Need = tuple[Arc, bool]
"""That the condition of a transition holds, or does not."""

TRIES_MAX = 4_000
"""Sets of values that are tried for one step."""

NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
TEXT = re.compile(r"\"([^\"]*)\"")
OF_EVENT = re.compile(r"\b_event\.data\.([^\W\d]\w*)")
ALWAYS = (True, False, 1, 2)
"""Values that are tried whatever a condition says."""


class Conditions:
    """The conditions of a machine, with the values of its data at the start."""

    def __init__(self, plan: Plan, data: Mapping[str, Any]) -> None:
        self.plan = plan
        self.known: dict[str, tuple[Evaluate, frozenset[str]]] = {}
        self.data = dict(plan.defaults)
        for datum in plan.document.data_list:
            self.data[datum.name] = None if datum.value is None else datum.value.constant
        self.data |= data

    def met(
        self, node: Node, event: str, needs: Sequence[Need], *, with_data: bool
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Data of the event with which all needs are met, if some are found; else those that are not met without."""
        tests = [(text, holds) for arc, holds in needs if isinstance(text := arc.document.when, str)]
        others = tuple(said(arc, holds) for arc, holds in needs if not isinstance(arc.document.when, str))
        for data in islice(self.candidates(tests) if with_data else iter([{}]), TRIES_MAX):
            if all(self.value(text, node, event, data) is holds for text, holds in tests):
                return data, others
        unmet = (said(arc, holds) for arc, holds in needs if isinstance(arc.document.when, str))
        return {}, (*unmet, *others)

    def value(self, text: str, node: Node, event: str, data: Mapping[str, Any]) -> bool:
        """Whether an expression is true."""
        evaluate, _ = self.compiled(text)
        language: Any = import_module("mainspring.models.machine.language")
        scope: dict[str, Any] = {**self.data, **(data if self.plan.document.open else {})}
        scope[EVENT] = {"name": event, "type": "external", "data": dict(data)}
        scope[IN] = language.predicate_in(lambda state: state in node.ids)
        try:
            return evaluate(scope) is True
        except ActionError:
            return False

    def compiled(self, text: str) -> tuple[Evaluate, frozenset[str]]:
        known = self.known.get(text)
        if known is None:
            language: Any = import_module("mainspring.models.machine.language")
            expression = language.compile_expression(text)
            known = self.known[text] = language.evaluator(expression), language.free_names(expression)
        return known

    def candidates(self, tests: Sequence[tuple[str, bool]]) -> Iterator[dict[str, Any]]:
        """Data to try: none, then few names before many, with the values that the conditions speak of."""
        names = sorted(self.names(tests))
        values: list[Any] = [*ALWAYS]
        for text, _ in tests:
            for number in map(float, NUMBER.findall(text)):
                values += [int(each) if each == int(each) else each for each in (number, number + 1, number - 1)]
            values += TEXT.findall(text)
        values = list({(type(each), each): each for each in values}.values())
        yield {}
        for count in range(1, len(names) + 1):
            for chosen in ([*names[start : start + count]] for start in range(len(names) - count + 1)):
                for each in product(values, repeat=count):
                    yield dict(zip(chosen, each, strict=True))

    def names(self, tests: Sequence[tuple[str, bool]]) -> set[str]:
        """What an event can bring: any name where the machine is open, else what is read from its data."""
        found = {name for text, _ in tests for name in OF_EVENT.findall(text)}
        if self.plan.document.open:
            found |= {name for text, _ in tests for name in self.compiled(text)[1]}
        return found


def said(arc: Arc, holds: bool) -> str:
    """A need in words."""
    when = arc.document.when
    text = when if isinstance(when, str) else f"{when.name.rpartition(':')[2].rpartition('<locals>.')[2]}()"
    return text if holds else f"not({text})"
