"""Workflows written as YAML or JSON files; the notation is that of `document.py`.

    load("report.yaml", read=read_file, find=handlers.get)

Nothing here opens a file or imports a module: whoever calls hands in the ways to do so.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from mainspring.errors import DefinitionInvalidError, HandlerInvalidError, HandlerUnknownError, MainspringError, Problem
from mainspring.handler import Handler, requirement_of
from mainspring.models.workflow.builder import Workflow
from mainspring.models.workflow.check import Find
from mainspring.models.workflow.document import Document, FailureHandler, Input, Node, When
from mainspring.models.workflow.notation import handler_options
from mainspring.models.workflow.plan import FAILURE_NAMES
from mainspring.models.workflow.template import REFERENCE_START
from mainspring.models.yaml_text import Path, Refused, Text, read_text, write_text

FILES_DEPTH_MAX = 20
"""Workflows in workflows, each in its file."""

_FIELD = re.compile(r" - at `\$\.(\w+)")


def load(file: str, *, read: Callable[[str], str], find: Find) -> Workflow:
    """The workflow of a file, with those that it names by file, seen from its folder.

    Problems are kept, to be told together by `deployable`; a file that says no workflow at all is a
    `DefinitionInvalidError` at once.
    """
    return _load(file, read, find, ())


def _load(file: str, read: Callable[[str], str], find: Find, above: tuple[str, ...]) -> Workflow:
    if file in above:
        raise DefinitionInvalidError(above[0], [Problem(f"files in a circle: {' → '.join((*above, file))}", above[-1])])
    if len(above) > FILES_DEPTH_MAX:
        raise DefinitionInvalidError(above[0], [Problem(f"more than {FILES_DEPTH_MAX} files inside each other", file)])

    def child(name: str) -> Workflow:
        return _load(posixpath.normpath(posixpath.join(posixpath.dirname(file), name)), read, find, (*above, file))

    return read_workflow(read(file), file=file, find=find, child=child)


def read_workflow(
    text: str, *, file: str = "<text>", find: Find, child: Callable[[str], Workflow] | None = None
) -> Workflow:
    """The workflow that a text describes; `child` gives those it names."""
    try:
        read = read_text(text, file)
    except Refused as error:
        raise DefinitionInvalidError(file, [Problem(error.message, f"{file}:{error.line}")]) from None
    problem = _head_problem(read)
    if problem is not None:
        raise DefinitionInvalidError(file, [*read.problems, problem])
    return _Reader(read, find, child).workflow()


def _head_problem(read: Text) -> Problem | None:
    """Why a text says no workflow at all."""
    what = "a workflow is a mapping with the fields `workflow` (its name) and `nodes`"
    if not isinstance(read.value, dict):
        return Problem(what, f"{read.file}:1")
    if "workflow" not in read.value:
        return Problem(f"{what}; this one has no `workflow`", f"{read.file}:1")
    name = read.value["workflow"]
    if isinstance(name, str):
        return None
    shown = "nothing" if name is None else f"{name!r:.40}"
    return Problem(f"`workflow` is the name of the workflow, a text, not {shown}", read.place(("workflow",)))


def write_workflow(document: Document) -> str:
    """A definition as YAML that `read_workflow` reads back."""
    described = msgspec.to_builtins(document)
    for node in described["nodes"].values():
        when = node.get("when")
        if isinstance(when, dict) and when == msgspec.to_builtins(When.of_text(when["test"])):
            node["when"] = when["test"]
    return write_text(described)


class _Reader:
    def __init__(self, text: Text, find: Find, child: Callable[[str], Workflow] | None) -> None:
        self.text = text
        self.find = find
        self.child = child
        self.problems = list(text.problems)
        self.handlers: dict[str, Handler[..., Any]] = {}
        self.children: dict[str, Workflow] = {}

    def workflow(self) -> Workflow:
        fields = {name: value for name, value in self.text.value.items() if name in _FIELDS}
        self.unknown_fields((), self.text.value, _FIELDS)
        nodes = dict(self.nodes(self.mapping(fields.pop("nodes", {}), "nodes")))
        inputs = dict(self.inputs(self.mapping(fields.pop("inputs", {}), "inputs")))
        told = self.on_failure(fields.pop("on_failure", None))
        fields = {name: value for name, value in fields.items() if self.fits(name, value)}
        document = msgspec.convert(fields | {"nodes": {}}, Document)
        return Workflow.of_document(
            msgspec.structs.replace(document, nodes=nodes, inputs=inputs, on_failure=told),
            places=self.places(),
            file=self.text.file,
            handlers=self.handlers,
            children=self.children,
            problems=self.problems,
            find=self.find,
        )

    def places(self) -> dict[str, str]:
        """`file:line` of nodes, inputs and fields of the whole, by name."""
        named: dict[str | int, Path] = {path[-1]: path for path in self.text.lines if len(path) == 1}
        named |= {path[-1]: path for path in self.text.lines if len(path) == 2 and path[0] in ("inputs", "nodes")}
        return {str(name): self.text.place(path) for name, path in named.items()}

    def mapping(self, value: Any, name: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        if value is not None:
            self.tell((name,), f"`{name}` is a mapping from names to {name}, not {value!r:.40}")
        return {}

    # --- Parts --------------------------------------------------------------------------------

    def inputs(self, declared: Mapping[str, Any]) -> Iterator[tuple[str, Input | str]]:
        for name, value in declared.items():
            if isinstance(value, dict):
                self.unknown_fields(("inputs", name), value, Input.__struct_fields__)
                value = {field: part for field, part in value.items() if field in Input.__struct_fields__}
            made = self.convert(("inputs", name), "any" if value is None else value, Input | str)
            yield name, "any" if made is None else made

    def nodes(self, described: Mapping[str, Any]) -> Iterator[tuple[str, Node]]:
        for key, value in described.items():
            path = ("nodes", key)
            if not isinstance(value, dict):
                self.tell(path, f"node {key!r} is a mapping with one of the fields task, workflow and sleep")
                continue
            self.unknown_fields(path, value, Node.__struct_fields__)
            fields = {name: part for name, part in value.items() if name in Node.__struct_fields__}
            fields = self.with_workflow(path, fields)
            node = self.convert(path, self.with_options(fields), Node)
            if node is not None:
                yield key, msgspec.structs.replace(node, when=node.condition)

    def on_failure(self, value: Any) -> str | FailureHandler | None:
        if isinstance(value, dict):
            self.unknown_fields(("on_failure",), value, FailureHandler.__struct_fields__)
            value = {name: part for name, part in value.items() if name in FailureHandler.__struct_fields__}
        elif isinstance(value, str):
            value = {"task": value}
        if value is None:
            return None
        if not isinstance(value, dict):
            self.tell(("on_failure",), f"`on_failure` is a handler or a mapping with the field task, not {value!r:.40}")
            return None
        handler = self.handler(value.get("task"))
        if handler is not None and value.get("arguments") is None:  # as in Python, it gets those that it has
            told = {name: f"{REFERENCE_START}{name}" for name in FAILURE_NAMES if name in handler.signature.fillable}
            value = value | {"arguments": told}
        options = self.with_options(value)
        options = {name: part for name, part in options.items() if name in FailureHandler.__struct_fields__}
        made: FailureHandler | None = self.convert(("on_failure",), options, FailureHandler)
        return made

    def with_options(self, fields: dict[str, Any]) -> dict[str, Any]:
        """What the handler says of itself where the file says nothing; short forms as the document has them."""
        if isinstance(fields.get("after"), str):
            fields["after"] = [fields["after"]]
        if isinstance(fields.get("requires"), list):
            fields["requires"] = requirement_of(map(str, fields["requires"]))
        handler = self.handler(fields.get("task"))
        return fields if handler is None else msgspec.to_builtins(handler_options(handler)) | fields

    def handler(self, name: Any) -> Handler[..., Any] | None:
        """The handler of a name; that it cannot be found is told by the check."""
        if isinstance(name, str) and name not in self.handlers:
            try:
                found = self.find(name)
            except (HandlerUnknownError, HandlerInvalidError):
                return None
            if found is not None:
                self.handlers[name] = found
        return self.handlers.get(name) if isinstance(name, str) else None

    def with_workflow(self, path: Path, fields: dict[str, Any]) -> dict[str, Any]:
        """The digest of the workflow that is named."""
        name = fields.get("workflow")
        if not isinstance(name, str):
            return fields
        try:
            if self.child is None:
                raise DefinitionInvalidError(name, [Problem("nobody here can find other workflows")])
            child = self.child(name)
        except DefinitionInvalidError as error:
            self.problems += [Problem(p.message, p.place or self.place(path)) for p in error.problems]
            return fields
        except (MainspringError, OSError) as error:
            why = getattr(error, "strerror", None) or error
            self.tell((*path, "workflow"), f"workflow {name!r} cannot be read: {why}")
            return fields
        digest = child.digest
        self.children[digest] = child
        return fields | {"workflow": digest}

    # --- Telling ------------------------------------------------------------------------------

    def convert(self, path: Path, value: Any, type_: Any) -> Any:
        """A part as what it should be; None, and a problem, where it is not."""
        try:
            return msgspec.convert(value, type_)
        except msgspec.ValidationError as error:
            field = _FIELD.search(str(error))
            self.tell((*path, field[1]) if field else path, str(error))
        except TypeError as error:  # a retry policy for what is no exception
            self.tell(path, str(error))
        return None

    def fits(self, name: str, value: Any) -> bool:
        """Whether a field of the whole is what it should be; a problem where it is not."""
        try:
            msgspec.convert(value, _TYPES[name])
        except msgspec.ValidationError:
            self.tell((name,), f"`{name}` is {_NOUNS[name]}, not {value!r:.40}")
            return False
        return True

    def unknown_fields(self, path: Path, value: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for name in value:
            if name not in known:
                close = get_close_matches(name, known, 1)
                hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
                self.tell((*path, name), f"unknown field {name!r}, {hint}")

    def tell(self, path: Path, message: str) -> None:
        self.problems.append(Problem(message, self.place(path)))

    def place(self, path: Path) -> str:
        node = f", node {path[1]!r}" if len(path) > 1 and path[0] == "nodes" else ""
        return self.text.place(path) + node


_FIELDS = Document.__struct_fields__
_TYPES = {field.name: field.type for field in msgspec.structs.fields(Document)}
_NOUNS = {
    "workflow": "the name of the workflow, a text",
    "output": "a template",
    "failure_policy": "one of the texts finish and stop",
    "timeout_s": "a number of seconds",
    "description": "a text",
}
"""What the fields of the whole are that are not read part by part."""
