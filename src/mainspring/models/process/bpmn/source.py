"""A BPMN file as XML: its elements by id, where they stand, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.models.xml_text import Element, XmlInvalidError, read_xml

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMN_DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
SAME_AS_CAMUNDA = ("http://activiti.org/bpmn", "http://flowable.org/bpmn")
"""Engines that Camunda 7 shares its attributes with."""
_LIKE_CAMUNDA = tuple(f"{namespace} " for namespace in (CAMUNDA, *SAME_AS_CAMUNDA))
IDS_SHOWN_MAX = 60


class Source:
    """The elements of one file, and the problems and warnings that were found while they were read."""

    def __init__(self, text: str | bytes, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.gaps: dict[str, list[Problem]] = {}
        """By process: what those that are only drawn (isExecutable='false') lack to be run."""
        self.drawn = ""
        """The process of that kind that is being read; empty: none."""
        self.is_meant_to_run = False
        """Whether the process that is being read says so (isExecutable='true')."""
        self.warnings: list[Problem] = []
        try:
            self.root = read_xml(text)
        except XmlInvalidError as error:
            raise DefinitionInvalidError(file, [Problem(error.reason, f"{file}:{error.line}")]) from None
        if self.root.name != "definitions" or self.root.namespace != BPMN:
            raise DefinitionInvalidError(file, [Problem(self._not_bpmn(), f"{file}:{self.root.line}")])
        self.elements = list(walk(self.root))
        """All, in document order."""
        self.by_id: dict[str, Element] = {}
        for element in self.elements:
            id = element.attributes.get("id")
            if id and element.namespace == BPMN:
                self._register(id, element)

    def _register(self, id: str, element: Element) -> None:
        known = self.by_id.setdefault(id, element)
        if known is not element:
            first = f"<{known.name}> in line {known.line}"
            self.refuse(f"id {id!r:.{IDS_SHOWN_MAX}} is given twice; the first is {first}", element)

    def _not_bpmn(self) -> str:
        root = self.root
        if root.name == "definitions":
            where = f"the namespace {root.namespace!r}" if root.namespace else "no namespace"
            return f"<definitions> is in {where}; a BPMN 2.0 file has it in {BPMN}"
        return f"is no BPMN: it begins with <{root.name}>, not with <definitions> in the namespace {BPMN}"

    # --- What is wrong --------------------------------------------------------------------------

    def place(self, element: Element) -> str:
        return f"{self.file}:{element.line}"

    def refuse(self, message: str, element: Element) -> None:
        """The file cannot be run as it says; of a process that is only drawn, if somebody runs it all the same."""
        kept = self.gaps.setdefault(self.drawn, []) if self.drawn else self.problems
        kept.append(Problem(message, self.place(element)))

    def lack(self, message: str, element: Element) -> None:
        """It would stop there with an incident: refused where the process says that it is to be run."""
        if self.is_meant_to_run:
            self.refuse(message, element)
        else:
            self.warn(message, element)

    def warn(self, message: str, element: Element) -> None:
        """It can be run, but not all that it says is done."""
        self.warnings.append(Problem(message, self.place(element)))

    # --- References -----------------------------------------------------------------------------

    def find(self, reference: str, element: Element, *kinds: str) -> Element | None:
        """The element that a reference leads to; a prefix is cut off.  A reference that leads nowhere is refused."""
        id = local(reference)
        found = self.by_id.get(id)
        if found is None:
            self.refuse(f"{label(element)} refers to {id!r}, which is not in the file", element)
            return None
        if kinds and found.name not in kinds:
            wanted = " or ".join(f"<{kind}>" for kind in kinds)
            self.refuse(f"{label(element)} refers to {id!r}, which is a <{found.name}>, not a {wanted}", element)
            return None
        return found


def walk(element: Element) -> Iterator[Element]:
    """The element and all inside it, in document order."""
    waiting = [element]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += reversed(each.elements)


def local(reference: str) -> str:
    """A reference without the prefix of its namespace."""
    return reference.strip().rpartition(":")[2]


def label(element: Element) -> str:
    """An element as messages name it."""
    id = element.attributes.get("id", "")
    return f"<{element.name}> {id!r:.{IDS_SHOWN_MAX}}" if id else f"<{element.name}>"


def children(element: Element, *names: str) -> Iterator[Element]:
    """The BPMN elements of these names directly inside."""
    return iter([each for each in element.elements if each.name in names and each.namespace == BPMN])


def child(element: Element, name: str) -> Element | None:
    for each in element.elements:
        if each.name == name and each.namespace == BPMN:
            return each
    return None


def text_of(element: Element, name: str) -> str:
    """The text of a BPMN element directly inside; empty if there is none."""
    found = child(element, name)
    return "" if found is None else found.text.strip()


def documentation(element: Element) -> str:
    return text_of(element, "documentation")


def extensions(element: Element, *namespaces: str) -> Iterator[Element]:
    """What stands in its extension elements."""
    around = child(element, "extensionElements")
    inside = [] if around is None else around.elements
    return iter([each for each in inside if each.namespace in namespaces])


def is_true(element: Element, name: str, default: bool = False) -> bool:
    value = element.attributes.get(name)
    return default if value is None else value.strip() in ("true", "1")


def camunda(element: Element, name: str) -> str | None:
    """An attribute of Camunda 7 or of those that share it; None: it is not there."""
    for namespace in _LIKE_CAMUNDA:
        value = element.attributes.get(namespace + name)
        if value is not None:
            return value.strip()
    return None
