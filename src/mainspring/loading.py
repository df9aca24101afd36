"""Workflows from files: YAML or JSON, with their handlers found by import."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.models.workflow import Workflow
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


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DefinitionInvalidError(file, [Problem(f"is not text in UTF-8: {error.reason}", file)]) from None
