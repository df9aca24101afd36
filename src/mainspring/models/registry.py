"""Every model by the name that the store keeps; a new one is one line here.

A model is loaded when it is first asked for, so that who looks at tasks does not wait for processes to be imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from mainspring.models.contract import Model

_HOMES = {
    "workflow": "mainspring.models.workflow.model:WORKFLOW",
    "task": "mainspring.models.task:TASK",
    "machine": "mainspring.models.machine.model:MACHINE",
    "schedule": "mainspring.models.schedule.model:SCHEDULE",
    "process": "mainspring.models.process.model:PROCESS",
    "deployment": "mainspring.models.deployment.model:DEPLOYMENT",
}


class Models(Mapping[str, Model]):
    """The models of a table of their homes, each `module:NAME`; raises `KeyError` for one that it does not name."""

    def __init__(self, homes: Mapping[str, str]) -> None:
        self._homes = homes
        self._loaded: dict[str, Model] = {}

    def __getitem__(self, name: str) -> Model:
        model = self._loaded.get(name)
        if model is None:
            module, _, constant = self._homes[name].partition(":")
            model = self._loaded[name] = getattr(import_module(module), constant)
        return model

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)


MODELS = Models(_HOMES)
