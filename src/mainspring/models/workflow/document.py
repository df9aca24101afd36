"""The definition of a workflow as data: what a YAML or JSON file says, and what the store keeps.

    workflow: report
    inputs:
      url: str
      limit: {type: int, default: 10}
    nodes:
      page:  {task: web.fetch, arguments: {url: $url}, retries: 3, timeout_s: 30}
      words: {task: text.clean, arguments: {page: $page}}
      parts: {map: $words, task: text.count, arguments: {word: $item}, concurrency: 20}
      nap:   {sleep: 5, after: [parts]}
      mail:  {task: mail.send, arguments: {parts: $parts}, after: [nap], when: count(parts) > 3}
    output: $parts

What kind a node is, is said by the fields it has: `task`, `workflow` or `sleep`; with `map` it does so for each
element of a list.  Inputs and nodes share one namespace.  The order of the nodes is part of the definition: of those
that become ready together and have one priority, the first starts first.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from msgspec import UNSET, Struct, UnsetType, field, json

from mainspring.models.retry import Retry

TASK, WORKFLOW, SLEEP = "task", "workflow", "sleep"

ITEM, INDEX = "item", "index"
"""In a map: the element, and its position from 0."""

ON_FAILURE = "on_failure"
"""Key of the task that runs once when the instance is about to fail."""

FEEL, JUEL, PYTHON = "feel", "juel", "python"
"""The languages of conditions."""

LANGUAGES = (FEEL, JUEL, PYTHON)

JUEL_STARTS = ("${", "#{")
"""No text of FEEL begins so."""

RESERVED = frozenset({ITEM, INDEX, ON_FAILURE})
"""Names that neither inputs nor nodes may have."""


class Input(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A declared input."""

    type: str = "any"
    """`str`, `int`, `float`, `bool`, `list`, `dict`, `null`, `any`, with `list[…]`, `dict[str, …]` and `… | …`."""
    default: Any | UnsetType = UNSET
    """Without one the input is required."""
    description: str = ""

    @property
    def is_required(self) -> bool:
        return self.default is UNSET


class When(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A condition: the node runs only where it holds, and is skipped otherwise."""

    test: str
    """An expression; in Python the name of a callable."""
    arguments: dict[str, Any] | None = None
    """Of the callable; None: the node's own, those that it takes."""
    language: str = field(default_factory=lambda: FEEL)
    """`feel`, `juel` or `python`.  A default that is made is written out: what is stored says how it is read."""

    @staticmethod
    def of_text(text: str) -> When:
        """A condition that is given as text alone: FEEL, or the `${…}` of older BPMN files."""
        return When(text, language=JUEL if text.lstrip().startswith(JUEL_STARTS) else FEEL)

    @property
    def is_expression(self) -> bool:
        return self.language != PYTHON


class Node(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """One node.  None means not said: the handler's own options apply, then the defaults."""

    task: str | None = None
    """Name of a handler."""
    workflow: str | None = None
    """Digest of a workflow's definition."""
    sleep: Any = None
    """Seconds, or a reference to them."""
    map: Any = None
    """A list, or a reference to one."""
    arguments: dict[str, Any] = {}
    after: tuple[str, ...] = ()
    """Nodes to wait for without using their outputs."""
    when: str | When | None = None
    rule: str | None = None
    concurrency: int | None = None
    """Of a map: how many elements at once."""
    retries: int | Retry | None = None
    timeout_s: float | None = None
    """Per attempt."""
    deadline_s: float | None = None
    """In all, retries and waiting included."""
    delay_s: float | None = None
    priority: int | None = None
    queue: str | None = None
    requires: str | None = None
    executor: str | None = None
    memory_max_mb: float | None = None
    """Per attempt, in a process of its own."""
    description: str = ""

    @property
    def kind(self) -> str:
        return WORKFLOW if self.workflow is not None else SLEEP if self.sleep is not None else TASK

    @property
    def condition(self) -> When | None:
        return When.of_text(self.when) if isinstance(self.when, str) else self.when


class FailureHandler(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A task that is told of the failure; its arguments may refer to `$instance` (its id), `$failure` and `$failed`."""

    task: str
    arguments: dict[str, Any] | None = None
    """None: all three, under these names."""
    retries: int | Retry | None = None
    timeout_s: float | None = None
    priority: int | None = None
    queue: str | None = None
    requires: str | None = None
    executor: str | None = None
    memory_max_mb: float | None = None


class Document(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The definition of a workflow."""

    workflow: str
    """Its name."""
    nodes: dict[str, Node]
    inputs: dict[str, Input | str] = {}
    output: Any = UNSET
    """A template; without one, the output of the only last node, or an object of the last nodes' outputs."""
    failure_policy: str = "finish"
    """`finish`: branches that do not depend on what failed run to their end; `stop`: nothing more is begun."""
    on_failure: str | FailureHandler | None = None
    timeout_s: float | None = None
    """Of the whole."""
    description: str = ""

    def encode(self) -> bytes:
        """The canonical text: no spaces, no defaults, fields in the order of the classes above."""
        return json.encode(self)

    @property
    def digest(self) -> str:
        return sha256(self.encode()).hexdigest()

    def input(self, name: str) -> Input:
        declared = self.inputs[name]
        return Input(declared) if isinstance(declared, str) else declared

    @property
    def failure_handler(self) -> FailureHandler | None:
        return FailureHandler(self.on_failure) if isinstance(self.on_failure, str) else self.on_failure


_decode = json.Decoder(Document).decode


def decode_document(document: bytes) -> Document:
    """A stored definition; raises `msgspec.ValidationError`."""
    return _decode(document)


def children(document: Document) -> Mapping[str, str]:
    """The digest of each node that is a workflow."""
    return {key: node.workflow for key, node in document.nodes.items() if node.workflow is not None}
