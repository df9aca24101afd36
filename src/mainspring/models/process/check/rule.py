"""A rule of BPMN 2.0.2: which elements it speaks of, and what it finds wrong with one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from mainspring.models.process.check.outline import Outline
from mainspring.models.xml_text import Element

REFUSED, OF_COMPLETE, QUIET, WARNED = "refused", "of complete", "quiet", "warned"
"""What breaking a rule leads to: the file is refused; only one that says everything is (see `Outline.is_complete`), and
others are warned about; or others are not asked, for they say it in another way; or it is a warning in any file."""


class Rule(NamedTuple):
    section: str
    """Of BPMN 2.0.2 (OMG formal/2013-12-09)."""
    elements: Collection[str]
    """The names of those that it speaks of."""
    find: Callable[[Outline, Element], str | None]
    """What is wrong with one; None: nothing."""
    weight: str = REFUSED
