"""XML from files that nobody vouches for: no document type or entities, nothing fetched, and limits on all."""

from __future__ import annotations

from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from mainspring.errors import InvalidError

TEXT_LENGTH_MAX = 4_000_000
"""Of a file; the largest machines and processes that people draw have a few hundred kilobytes."""
DEPTH_MAX = 200
ELEMENTS_MAX = 100_000


class XmlInvalidError(InvalidError):
    """A text is no XML, or more or other XML than is read here."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")
        self.reason = reason
        self.line = line


class Element:
    """An element: `namespace`, `name`, attributes, and what is inside it in order; `elements` are those among it."""

    __slots__ = ("attributes", "elements", "inside", "line", "name", "namespace")

    def __init__(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self.namespace, _, self.name = tag.rpartition(" ")
        self.attributes = attributes
        self.line = line
        self.inside: list[Element | str] = []
        self.elements: list[Element] = []

    def add(self, each: Element | str) -> None:
        self.inside.append(each)
        if isinstance(each, Element):
            self.elements.append(each)

    @property
    def text(self) -> str:
        """The text directly inside it."""
        return "".join([each for each in self.inside if isinstance(each, str)])

    def write(self, around: str = "") -> str:
        """The element as XML text again."""
        named = f" xmlns={quoteattr(self.namespace)}" if self.namespace != around else ""
        named += "".join(f" {name.rpartition(' ')[2]}={quoteattr(value)}" for name, value in self.attributes.items())
        inside = "".join(escape(each) if isinstance(each, str) else each.write(self.namespace) for each in self.inside)
        return f"<{self.name}{named}>{inside}</{self.name}>" if inside else f"<{self.name}{named}/>"


def read_xml(text: str | bytes) -> Element:
    """The root element of a text; raises `XmlInvalidError` with the line."""
    if len(text) > TEXT_LENGTH_MAX:
        raise XmlInvalidError(f"the text is longer than {TEXT_LENGTH_MAX:,} characters", 1)
    reader = _Reader()
    try:
        reader.parser.Parse(text, True)
    except expat.ExpatError as error:
        raise XmlInvalidError(f"is no XML: {expat.errors.messages[error.code]}", error.lineno) from None
    except LookupError as error:
        raise XmlInvalidError(f"is in an encoding that is not known here: {error}", 1) from None
    except UnicodeEncodeError as error:
        line = str(text[: error.start]).count("\n") + 1
        raise XmlInvalidError("is no XML: it holds half of a character (a lone surrogate)", line) from None
    assert reader.root is not None
    return reader.root


class _Reader:
    """Builds the tree from what the parser of the standard library finds, and refuses the rest."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        # A document type is where entities, external files and a billion laughs come from; no notation of ours has one.
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > ELEMENTS_MAX:
            self.refuse(f"more than {ELEMENTS_MAX:,} elements")
        if len(self.open) >= DEPTH_MAX:
            self.refuse(f"elements nested deeper than {DEPTH_MAX}")
        element = Element(tag, attributes, self.parser.CurrentLineNumber)
        if self.open:
            self.open[-1].add(element)
        else:
            self.root = element
        self.open.append(element)

    def end(self, tag: str) -> None:  # noqa: ARG002 - the parser has checked it
        self.open.pop()

    def characters(self, text: str) -> None:
        self.open[-1].inside.append(text)

    def refuse_doctype(self, *_: object) -> None:
        self.refuse("has a document type (<!DOCTYPE …>), which may hold entities; take it out")

    def refuse(self, reason: str) -> None:
        raise XmlInvalidError(reason, self.parser.CurrentLineNumber)
