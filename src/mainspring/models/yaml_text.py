"""YAML and JSON text as plain values that know their lines.

Read safely: no tag makes a Python object; size, depth and what aliases multiply are bounded; a key that is there twice
is told, with both lines.  Scalars follow the core schema of YAML 1.2, section 10.3: `on`, `no` and `12:30` are strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from mainspring.errors import Problem

TEXT_LENGTH_MAX = 32_000_000
"""A graph of 100,000 nodes has about 10 MB."""

DEPTH_MAX = 60
REPEATED_MAX = 300_000
"""Values that aliases repeat: ten lines of them can stand for billions."""

Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where it is there: ten times as fast."""

Path = tuple[str | int, ...]

_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"(true|True|TRUE)|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_TAG_NAMES = ("str", "int", "float", "bool", "null", "seq", "map", "timestamp", "merge", "value")
_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in _TAG_NAMES)


class Refused(Exception):
    """The text cannot be read at all."""

    def __init__(self, message: str, line: int) -> None:
        self.message, self.line = message, line
        super().__init__(message)


class Text:
    """What a text says, and where it says it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.value: Any = None
        self.lines: dict[Path, int] = {}
        """Line of each key and element, by its path; not inside of what an alias repeats."""
        self.problems: list[Problem] = []

    def place(self, path: Path) -> str:
        """`file:line` of the nearest thing that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.file}:{self.lines.get(path, 1)}"


def read_text(text: str, file: str) -> Text:
    """The value of a text; raises `Refused`."""
    if len(text) > TEXT_LENGTH_MAX:
        raise Refused(f"{len(text):,} characters are more than the {TEXT_LENGTH_MAX:,} that are read", 1)
    if text.lstrip().startswith("{"):
        text = _PAIR.sub(_joined, text.replace("\t", " "))  # JSON may be indented with tabs, YAML may not
    try:
        _check_depth(text)
        documents = list(yaml.compose_all(text, Loader=Loader))
    except yaml.YAMLError as error:
        raise _refused(error, "JSON" if file.endswith(".json") else "YAML") from None
    if len(documents) > 1:
        raise Refused("there is more than one document in it", documents[1].start_mark.line + 1)
    made = Text(file)
    if documents:
        _check_repeats(documents[0], {})
        made.value = _Reader(made).value(documents[0], (), ())
    return made


def _joined(match: re.Match[str]) -> str:
    """JSON writes a character beyond 16 bits as two, YAML as one."""
    high, low = int(match[2], 16), int(match[3], 16)
    return f"{match[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _check_depth(text: str) -> None:
    """Before anything recursive sees it."""
    depth = 0
    events: Iterator[Any] = yaml.parse(text, Loader=Loader)
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_MAX:
                mark: Any = event.start_mark
                raise Refused(f"nested more than {DEPTH_MAX} deep", mark.line + 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_repeats(node: Any, sizes: dict[int, int]) -> int:
    """How many values a node comes to; `sizes` are those of the nodes before it, by their ids, 0 of those around it.

    Counted before they are made: an alias costs an addition here, whatever it repeats.
    """
    sizes[id(node)] = 0
    parts = () if isinstance(node, yaml.ScalarNode) else node.value
    if isinstance(node, yaml.MappingNode):
        parts = [value for _, value in parts]
    size = 1 + sum([sizes[id(part)] if id(part) in sizes else _check_repeats(part, sizes) for part in parts])
    if size - len(sizes) > REPEATED_MAX:
        raise Refused(f"its aliases repeat more than {REPEATED_MAX:,} values", node.start_mark.line + 1)
    sizes[id(node)] = size
    return size


def _refused(error: yaml.YAMLError, language: str) -> Refused:
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    parts = (getattr(error, "context", None), getattr(error, "problem", None) or str(error))
    message = ", ".join(part for part in parts if part)
    line, column = (1, "") if mark is None else (mark.line + 1, f", column {mark.column + 1}")
    return Refused(f"it is no {language}: {message}{column}", line)


class _Reader:
    def __init__(self, made: Text) -> None:
        self.made = made
        self.seen: set[int] = set()
        """Nodes that have been read; whoever reads them again follows an alias."""

    def value(self, node: Any, path: Path, above: tuple[int, ...]) -> Any:
        """The value of a node; `above` are the nodes it is in."""
        line = node.start_mark.line + 1
        if id(node) not in self.seen:
            self.seen.add(id(node))
            self.made.lines.setdefault(path, line)
        if id(node) in above or len(above) > DEPTH_MAX:
            raise Refused("an alias stands inside of what it repeats", line)
        if node.tag not in _TAGS:
            raise Refused(f"tag {node.tag!r} is not read", line)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        inside = (*above, id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(part, (*path, number), inside) for number, part in enumerate(node.value)]
        return self.mapping(node, path, inside)

    def mapping(self, node: Any, path: Path, inside: tuple[int, ...]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise Refused("a key is a text, not a list or a mapping", line)
            if key == "<<" and not key_node.style:
                merged |= self.merge(value_node, path, inside)
                continue
            if key in first:
                message = f"key {key!r} is there twice, first in line {first[key]}"
                self.made.problems.append(Problem(message, f"{self.made.file}:{line}"))
                continue
            first[key] = line
            self.made.lines[(*path, key)] = line
            own[key] = self.value(value_node, (*path, key), inside)
        return merged | own

    def merge(self, node: Any, path: Path, inside: tuple[int, ...]) -> dict[str, Any]:
        """`<<: *defaults` or `<<: [*one, *another]`, the first of which wins."""
        value = self.value(node, (*path, "<<"), inside)
        merged: dict[str, Any] = {}
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, dict):
                raise Refused("<< merges mappings only", node.start_mark.line + 1)
            merged = part | merged
        return merged


def _scalar(node: Any) -> Any:
    return node.value if node.style else plain_scalar(node.value)


def plain_scalar(text: str) -> Any:
    """What a text without quotes stands for."""
    if _NULL.fullmatch(text):
        return None
    match = _BOOL.fullmatch(text)
    if match:
        return match[1] is not None
    if len(text) <= 300 and _INT.fullmatch(text):
        return int(text)
    if len(text) <= 300 and _HEX.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text


# --- Out --------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Quotes what would be read as something else than a text, and repeats what aliases would name."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's signature
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    is_plain = isinstance(plain_scalar(text), str) and text != "<<"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain else "'")


_Dumper.add_representer(str, _represent_text)


def write_text(value: Any) -> str:
    """A value as YAML that `read_text` reads back."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text
