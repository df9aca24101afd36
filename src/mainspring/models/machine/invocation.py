"""What a state invokes (SCXML 6.4): a task, a workflow or another machine, and the definition behind each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import ValidationError, convert, structs

from mainspring.errors import InvalidError
from mainspring.models.contract import Deployable
from mainspring.models.machine.document import Document, Invoke, State
from mainspring.models.machine.scxml import read_scxml

MACHINE, TASK, WORKFLOW = "machine", "task", "workflow"
TYPES: Mapping[str, str] = {
    "": MACHINE,
    MACHINE: MACHINE,
    "scxml": MACHINE,
    "http://www.w3.org/TR/scxml/": MACHINE,
    "http://www.w3.org/TR/scxml": MACHINE,
    TASK: TASK,
    WORKFLOW: WORKFLOW,
}
"""What can be invoked, by the words for it (6.4.2)."""


class NoMachineError(InvalidError):
    """What is to be invoked as a machine is none."""


def machine_of(content: Any) -> Document:
    """The machine that a document, its data or an SCXML text describes; raises `InvalidError`."""
    if isinstance(content, Document):
        return content
    if isinstance(content, str):
        return read_scxml(content)
    try:
        return convert(content, Document)
    except ValidationError as error:
        raise NoMachineError(f"what is invoked is no machine: {error}") from None


def deployable_of(document: Document) -> Deployable:
    """A machine that was not deployed on its own, as the store keeps it."""
    return Deployable(MACHINE, document.machine, document.digest, document.encode())


def with_digests(document: Document, digests: Mapping[str, str]) -> Document:
    """The same, with the digest of each definition that it invokes under one of these sources."""
    return structs.replace(document, states=_states_with(document.states, digests)) if digests else document


def _states_with(states: Mapping[str, State], digests: Mapping[str, str]) -> dict[str, State]:
    return {
        id: structs.replace(
            state,
            states=_states_with(state.states, digests),
            invoke=tuple(_call_with(call, digests) for call in state.invoke),
        )
        for id, state in states.items()
    }


def _call_with(call: Invoke, digests: Mapping[str, str]) -> Invoke:
    digest = digests.get(call.source)
    return call if digest is None or call.content is not None else structs.replace(call, digest=digest)
