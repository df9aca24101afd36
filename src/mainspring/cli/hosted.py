"""What a worker offers besides what can be imported by name: all that its targets define."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from mainspring import StateMachine
from mainspring.cli.commands import nearest
from mainspring.cli.load import (
    PROCESS_SUFFIX,
    TargetInvalidError,
    TargetNotFoundError,
    is_text,
    load_definition,
    module_of,
    split,
)
from mainspring.engine import Engine
from mainspring.handler import Handler


@dataclass(slots=True)
class Hosted:
    """Definitions, handlers and engines."""

    definitions: list[Any] = field(default_factory=list)
    handlers: list[Handler[..., Any]] = field(default_factory=list)
    engines: list[Engine] = field(default_factory=list)

    def add(self, value: Any) -> None:
        if isinstance(value, Engine):
            value.pause()  # this worker runs what it would, with the labels and slots that were asked for
            self.engines.append(value)
            self.handlers += value.handlers
        elif isinstance(value, Handler):
            self.handlers.append(value)
        else:
            self.definitions.append(value)


def hosted_by(targets: Iterable[str]) -> Hosted:
    """All that these targets define; raises as `load` does."""
    hosted = Hosted()
    for target in targets:
        path, name = split(target)
        if is_text(path) or path.endswith(PROCESS_SUFFIX):
            hosted.add(load_definition(target))
        else:
            for value in _values(module_of(path), name, target):
                hosted.add(value)
    return hosted


def _values(module: ModuleType, name: str, target: str) -> list[Any]:
    found = {key: value for key, value in vars(module).items() if _is_hosted(value, module)}
    if not name:
        if not found:
            raise TargetInvalidError(f"{target} defines nothing for a worker: no workflow, machine, handler or engine")
        return list(found.values())
    if name in found:
        return [found[name]]
    if hasattr(module, name):
        raise TargetInvalidError(f"{target} is no workflow, machine, handler or engine, but {vars(module)[name]!r:.80}")
    raise TargetNotFoundError(f"{split(target)[0]} has no {name!r}{nearest(name, found)}")


def _is_hosted(value: Any, module: ModuleType) -> bool:
    if isinstance(value, type):
        return issubclass(value, StateMachine) and value.__module__ == module.__name__
    return isinstance(value, Engine | Handler) or (hasattr(value, "deployable") and hasattr(value, "handlers"))
