"""Workflows and state machines from files, with what they name found by import."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.models.machine.definition import Machine
from mainspring.models.workflow.builder import Workflow
from mainspring.models.workflow.text import load
from mainspring.runtime.handlers import Handlers


def load_workflow(file: str | PathLike[str]) -> Workflow:
    """The workflow of a YAML or JSON file, with those that it names by file.

        workflow = load_workflow("report.yaml")

    Its handlers are `module:name`, and must be importable.  Raises `DefinitionInvalidError` for a file that cannot be
    read, or says no workflow at all; all other problems are told together when the workflow is checked or started.
    """
    path = fspath(file)
    try:
        return load(path, read=_read, find=Handlers().get)
    except OSError as error:
        raise DefinitionInvalidError(path, [Problem(f"cannot be read: {error.strerror}", path)]) from None


def load_machine(file: str | PathLike[str]) -> Machine:
    """The state machine of a file: `.scxml`, or YAML or JSON in the data notation, or JSON as XState has it.

        machine = load_machine("claim.yaml")

    Its callables are `module:name`, and must be importable; those of an XState configuration are given to
    `Machine.of_xstate` instead.  Raises `DefinitionInvalidError` for a file that cannot be read; what else is wrong is
    told when the machine is checked or started.
    """
    path = fspath(file)
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise DefinitionInvalidError(path, [Problem(f"cannot be read: {error.strerror}", path)]) from None
    machine = _machine(text, path)
    found = {name: Handlers().find(name) for name in machine.document.callables if ":" in name}
    return machine.with_functions({name: each.function for name, each in found.items() if each is not None})


def _machine(text: bytes, path: str) -> Machine:
    if path.endswith(".scxml"):
        return Machine.of_scxml(text, file=path)
    if path.endswith(".json") and b'"machine"' not in text:
        return Machine.of_xstate(text, file=path)
    return Machine.of_text(text, file=path)


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DefinitionInvalidError(file, [Problem(f"is not text in UTF-8: {error.reason}", file)]) from None
