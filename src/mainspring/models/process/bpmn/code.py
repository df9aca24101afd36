"""Expressions in a BPMN file: which language they are in, and whether a text is one at all."""

from __future__ import annotations

from mainspring.models.process.bpmn.source import Source, label
from mainspring.models.process.document import FEEL, JUEL, TEXT, Code
from mainspring.models.xml_text import Element

LANGUAGES = {
    "feel": FEEL,
    "http://www.omg.org/spec/dmn/20180521/feel/": FEEL,
    "https://www.omg.org/spec/dmn/20191111/feel/": FEEL,
    "https://www.omg.org/spec/dmn/20180521/feel/": FEEL,
    "http://www.omg.org/spec/feel/20140401": FEEL,
    "application/feel": FEEL,
    "juel": JUEL,
    "http://java.sun.com/products/jsp/": JUEL,
}
"""Names and addresses of languages, in small letters."""
DEFAULTS_IGNORED = frozenset({"http://www.w3.org/1999/xpath", "http://www.w3.org/2001/xmlschema"})
"""What modelers write as the default language of a file without meaning it (the standard's own default is XPath)."""


class Reading:
    """How the expressions of one file are read."""

    def __init__(self, source: Source, language: str) -> None:
        self.source = source
        declared = source.root.attributes.get("expressionLanguage", "").strip()
        if declared.lower() in DEFAULTS_IGNORED:
            declared = ""
        self.language = declared or language

    def expression(self, element: Element | None, text: str | None = None) -> Code | None:
        """A text that is always an expression, such as a condition; None where there is none."""
        if element is None:
            return None
        text = (element.text if text is None else text).strip()
        if not text:
            return None
        marked = self._marked(text, element)
        if marked is not None:
            return marked
        language = element.attributes.get("language", "").strip() or self.language
        known = LANGUAGES.get(language.lower())
        if known is None:
            self.source.refuse(
                f"{label(element)} is written in {language}; expressions are FEEL, or ${{…}} of Camunda 7", element
            )
            return None
        return Code(text, known, element.line)

    def value(self, text: str | None, element: Element) -> Code | None:
        """A text that is a constant unless it is marked as an expression by `=` or `${…}`."""
        text = (text or "").strip()
        if not text:
            return None
        return self._marked(text, element) or Code(text, TEXT, element.line)

    def _marked(self, text: str, element: Element) -> Code | None:
        if text.startswith("=") and not text.startswith("=="):
            return Code(text[1:].strip(), FEEL, element.line)
        if text.startswith(("${", "#{")):
            return Code(text, JUEL, element.line)
        return None
