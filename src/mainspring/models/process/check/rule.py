"""A rule of BPMN 2.0.2: which elements it speaks of, and what it finds wrong with one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from mainspring.models.process.check.outline import Outline
from mainspring.models.xml_text import Element


class Rule(NamedTuple):
    section: str
    """Of BPMN 2.0.2 (OMG formal/2013-12-09)."""
    elements: Collection[str]
    """The names of those that it speaks of."""
    find: Callable[[Outline, Element], str | None]
    """What is wrong with one; None: nothing."""
    is_for_complete: bool = False
    """Whether it asks for what a file only has that says everything (see `Outline.is_complete`)."""
