"""Timers: dates, durations and cycles that are written out (10.5.5)."""

from __future__ import annotations

from mainspring.models.process.bpmn.source import child
from mainspring.models.process.check.outline import Outline
from mainspring.models.process.check.rule import Rule
from mainspring.models.process.check.structure import MARKS
from mainspring.models.process.expression import NoValueError
from mainspring.models.process.times import alarm_of
from mainspring.models.xml_text import Element

KINDS = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}
SOME_TIME = 1_000_000_000.0
"""Only whether there is a time is asked, not which."""


def is_time(_: Outline, definition: Element) -> str | None:
    for name, kind in KINDS.items():
        written = child(definition, name)
        text = "" if written is None else written.text.strip()
        if text and not text.startswith(MARKS):
            try:
                alarm_of(kind, text, SOME_TIME)
            except NoValueError as error:
                return f"has a {name} that is none: {error}"
    return None


RULES = (Rule("10.5.5", ("timerEventDefinition",), is_time),)
