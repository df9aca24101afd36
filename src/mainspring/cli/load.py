"""Definitions by what is typed: `report.py`, `report.py:nightly`, `report.yaml`, `package.module:name`."""

from __future__ import annotations

import os
import re
import sys
import traceback
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import msgspec

from mainspring import Machine, Process, StateMachine, Workflow
from mainspring.cli.commands import UsageError, nearest
from mainspring.cli.values import parse_word
from mainspring.errors import DeniedError, InvalidError, MainspringError, NotFoundError
from mainspring.handler import Handler
from mainspring.loading import load_machine, load_workflow

MACHINE = re.compile(rb"^(machine|states)[ \t]*:|\"(machine|states)\"[ \t]*:", re.MULTILINE)
WORKFLOW = re.compile(rb"^(workflow|nodes)[ \t]*:|\"(workflow|nodes)\"[ \t]*:", re.MULTILINE)
"""What a file has in which a machine, or a workflow, is written."""
TEXT_SUFFIXES = (".yaml", ".yml", ".json")
PROCESS_SUFFIX = ".bpmn"
DEFINITIONS = (Workflow, Machine, Process)


class TargetNotFoundError(NotFoundError):
    """There is no such file, module or name."""


class TargetUnknownError(TargetNotFoundError):
    """What was typed names neither a file nor a module."""


class TargetInvalidError(InvalidError):
    """The file or module cannot be loaded, or has no workflow."""


class TargetDeniedError(DeniedError):
    """The file may not be read."""


def load(target: str) -> Workflow:
    """The workflow that a target means; raises `DefinitionInvalidError` and the errors above."""
    path, name = split(target)
    if path.endswith(TEXT_SUFFIXES):
        return _from_text(Path(path))
    return _pick(module_of(path), name, target)


def load_definition(target: str) -> Workflow | Machine | Process:
    """The workflow, state machine or process that a target means; raises as `load` does."""
    path, name = split(target)
    if path.endswith(PROCESS_SUFFIX):
        _check_readable(Path(path))
        make_importable(Path(path).parent)
        make_importable(Path.cwd())
        return Process.from_bpmn(path, id=name or None)
    if path.endswith((".scxml", *TEXT_SUFFIXES)):
        return load_any(target)
    module = module_of(path)
    found = {key: value for key, value in vars(module).items() if isinstance(value, Process)}
    if name in found:
        return found[name]
    if name or not found or any(isinstance(value, Workflow) for value in vars(module).values()):
        return load_any(target)
    if len(found) > 1:
        names = ", ".join(f"{target}:{key}" for key in found)
        raise UsageError(f"{target} has several processes; say which one: {names}")
    return next(iter(found.values()))


def load_any(target: str) -> Workflow | Machine:
    """The workflow or state machine that a target means; raises as `load` does."""
    path, name = split(target)
    if path.endswith((".scxml", *TEXT_SUFFIXES)):
        _check_readable(Path(path))
        if path.endswith(".scxml") or (MACHINE.search(text := Path(path).read_bytes()) and not WORKFLOW.search(text)):
            make_importable(Path(path).parent)
            make_importable(Path.cwd())
            return load_machine(path)
        return load(target)
    module = module_of(path)
    machines = {key: value for key, value in vars(module).items() if _is_machine(value, module)}
    has_workflows = any(isinstance(value, Workflow) for value in vars(module).values())
    if not name and len(machines) == 1 and not has_workflows:
        [name] = machines
    if name not in machines:
        return _pick(module, name, target)
    found = machines[name]
    return found if isinstance(found, Machine) else found.machine()


def load_task(target: str) -> Handler[..., Any] | None:
    """The task of that name; None: the target means something else, or nothing.  Raises as `load` does."""
    path, name = split(target)
    if not name or is_text(path) or path.endswith(PROCESS_SUFFIX):
        return None
    value = getattr(module_of(path), name, None)
    if isinstance(value, FunctionType):
        raise TargetInvalidError(f"{target} is a plain function; with @task before it, it is a task to start")
    return value if isinstance(value, Handler) else None


def _is_machine(value: object, module: ModuleType) -> bool:
    """A definition, or a class written in this very module."""
    if isinstance(value, type):
        return issubclass(value, StateMachine) and value.__module__ == module.__name__
    return isinstance(value, Machine)


def split(target: str) -> tuple[str, str]:
    """(`report.py`, `nightly`) of `report.py:nightly`; a drive letter is no name."""
    path, colon, name = target.rpartition(":")
    if not colon or "/" in name or "\\" in name:
        return target, ""
    return path, name


def is_text(path: str) -> bool:
    """Whether a file is read as text, rather than imported."""
    return path.endswith((".scxml", *TEXT_SUFFIXES))


def is_file(target: str) -> bool:
    """Whether a target names a file, rather than a module or an instance."""
    path = split(target)[0]
    return path.endswith((".py", PROCESS_SUFFIX)) or is_text(path)


def _check_readable(path: Path) -> None:
    try:
        if not path.is_file():
            raise TargetNotFoundError(f"there is no file {path}")
        path.open("rb").close()
    except OSError as error:
        raise TargetDeniedError(f"{path} cannot be read: {error.strerror}") from None


# --- Text -------------------------------------------------------------------------------------


def _from_text(path: Path) -> Workflow:
    _check_readable(path)
    make_importable(path.parent)
    make_importable(Path.cwd())
    return load_workflow(path)


# --- Python -----------------------------------------------------------------------------------


def module_of(path: str) -> ModuleType:
    """The module of a file or a name, imported."""
    return _from_file(Path(path)) if path.endswith(".py") else _from_name(path)


def _from_file(path: Path) -> ModuleType:
    _check_readable(path)
    folder, name = path.resolve().parent, path.stem
    while (folder / "__init__.py").is_file():  # a module of a package is imported by its whole name
        folder, name = folder.parent, f"{folder.name}.{name}"
    make_importable(folder)
    module = _import(name, str(path))
    if Path(getattr(module, "__file__", None) or "").resolve() != path.resolve():
        raise TargetInvalidError(
            f"{path} cannot be imported: another module is called {name!r} as well; give the file another name"
        )
    return module


def _from_name(name: str) -> ModuleType:
    make_importable(Path.cwd())
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", name):
        raise TargetUnknownError(
            f"{name!r} is neither a file (report.py, report.yaml) nor a module (package.module:name)"
        )
    return _import(name, name)


def make_importable(folder: Path | str) -> None:
    """Handlers are stored as `module:name`; whoever runs them must be able to import that."""
    text = str(Path(folder).resolve())
    if text not in sys.path:
        sys.path.insert(0, text)


def _import(name: str, shown: str) -> ModuleType:
    try:
        return import_module(name)
    except MainspringError:
        raise
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise TargetUnknownError(f"there is no module {error.name!r} here, nor a file of that name") from error
        raise TargetInvalidError(f"{_place(error, shown)}: there is no module {error.name!r}") from error
    except SyntaxError as error:
        raise TargetInvalidError(f"{_relative(error.filename or shown)}:{error.lineno}: {error.msg}") from error
    except SystemExit as error:
        raise TargetInvalidError(f"{_place(error, shown)}: it ends Python while it is imported") from error
    except Exception as error:
        raise TargetInvalidError(f"{_place(error, shown)}: {type(error).__name__}: {error}") from error


def _place(error: BaseException, shown: str) -> str:
    """`file:line` of the last frame that is neither ours nor the import machinery's."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith("<") and frame.filename != __file__:
            return f"{_relative(frame.filename)}:{frame.lineno}"
    return shown


def _relative(path: str) -> str:
    near = os.path.relpath(path)
    return path if near.startswith("..") else near


def _pick(module: ModuleType, name: str, target: str) -> Workflow:
    found = {key: value for key, value in vars(module).items() if isinstance(value, Workflow)}
    if name:
        value = getattr(module, name, None)
        if isinstance(value, Workflow):
            return value
        if isinstance(value, Handler):
            raise TargetInvalidError(f"{target} is a task, and no workflow; `mainspring start {target}` submits it")
        if value is not None:
            raise TargetInvalidError(f"{target} is no workflow, but {value!r:.80}")
        known = [key for key, value in vars(module).items() if isinstance(value, (*DEFINITIONS, Handler))]
        raise TargetNotFoundError(f"{split(target)[0]} has no {name!r}{nearest(name, known)}")
    parts = {id(child) for workflow in found.values() for child in workflow.children.values()}
    whole = {id(value): key for key, value in found.items() if id(value) not in parts}
    if not whole:
        raise TargetInvalidError(f"{target} has no definition; make one at its top level: wf = Workflow('name')")
    if len(whole) > 1:
        names = ", ".join(f"{target}:{key}" for key in whole.values())
        raise UsageError(f"{target} has several workflows; say which one: {names}")
    return found[next(iter(whole.values()))]


# --- Inputs -----------------------------------------------------------------------------------


def read_input(
    taker: Workflow | Handler[..., Any] | None, text: str | None, words: list[str], *, option: str = "--input"
) -> dict[str, object]:
    """The input from an option (JSON, `@file`, or `-` for standard input) and `key=value` words, which win."""
    given = {} if text is None else _read_json(text, option)
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UsageError(f"{word!r} is no input; write name=value, or {option} with a JSON object")
        given[key] = _read_value(taker, key, value)
    return given


def _read_json(text: str, option: str) -> dict[str, object]:
    shown = option
    if text == "-":
        text, shown = sys.stdin.read(), "standard input"
    elif text.startswith("@"):
        shown = text[1:]
        try:
            text = Path(shown).read_text(encoding="utf-8")
        except OSError as error:
            raise TargetNotFoundError(f"the input {shown} cannot be read: {error.strerror}") from None
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise UsageError(f"{shown} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageError(f"{shown} must be a JSON object with a field for each input, not {type(value).__name__}")
    return value


def _read_value(taker: Workflow | Handler[..., Any] | None, key: str, value: str) -> object:
    """JSON where it is JSON, text otherwise; what is declared as text stays text (`version=1.0`)."""
    return value if _is_text_for(taker, key) else parse_word(value)


def _is_text_for(taker: Workflow | Handler[..., Any] | None, key: str) -> bool:
    if isinstance(taker, Workflow):
        return key in taker.inputs and taker.definition().input(key).type in ("str", "string")
    return taker is not None and taker.signature.fillable.get(key) is str
