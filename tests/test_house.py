"""The house keeps its shape: storeys, arrows that point down, no cycles, no hidden imports, no dead or long files.

The source is parsed, never imported.  Where a rule has an exception, the exception is a row of a table here, with its
reason; a row that nothing needs any more is reported as well.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "mainspring"

# --- The plan of the house ----------------------------------------------------------------------

STOREYS = {
    0: (
        "errors",
        "clock",
        "codec",
        "sketch",
        "settings",
        "telemetry",
        "transaction",
        "masking",
        "handler_context",
        "signature",
        "handler",
    ),
    1: ("models", "drawing"),
    2: ("kernel",),
    3: ("stores", "runtime"),
    4: (
        "",
        "engine",
        "starting",
        "terms",
        "why",
        "statistics",
        "queues",
        "claimed",
        "schedule",
        "scheduling",
        "keeping",
        "timed",
        "deployment",
        "case",
        "messaging",
        "processes",
        "task_transaction",
        "instance",
        "ends",
        "history",
        "looking",
        "watch",
        "tracing",
        "loading",
        "classic",
        "testing",
        "feel",
        "wfformat",
    ),
    5: ("cli", "api", "ui", "demo"),
}
"""What stands on what.  A module may import its own storey and those below.  "" is `mainspring` itself."""

APART = {
    ("stores", "runtime"): "a store knows no threads",
    ("runtime", "stores"): "a worker knows no database; both meet in the engine",
    ("drawing", "models"): "drawing knows graphs, not what they mean",
    **{
        (face, room): "faces use what users hold (storey 4), not what is behind it"
        for face in STOREYS[5]
        for room in STOREYS[2] + STOREYS[3]
    },
}
"""Pairs that the storeys alone would allow, and why they are kept apart."""

MODELS_SHARE = ("contract", "retry", "requirement", "expression", "xml_text", "yaml_text")
"""Parts of `models` that every model may import.  Otherwise a model imports only itself."""

IMPORTED_INSIDE_FUNCTIONS: dict[tuple[str, str], str] = {
    ("instance", "asyncio"): "only who awaits an instance needs it, and has it; a look into a store has not",
    ("looking", "mainspring.schedule"): "brings calendars and time zones; most looks are not at schedules",
}
"""(module or package, what it imports inside a function): the reason, for instance a heavy library few calls need."""

ENTRANCES = ("", "__main__", "classic", "testing", "feel", "wfformat")
"""Modules that users import by name; the console scripts of pyproject.toml are entrances too."""

NOT_YET_REACHED: dict[str, str] = {}
"""Modules or packages that no entrance leads to, with what they wait for."""

LINES_MAX = 400
LONGER_FILES: dict[str, str] = {
    "models.contract": "the two alphabets and what a model offers are one contract, read as a whole",
}
"""Module: why it is better as one long file."""

# --- Reading it ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Import:
    line: int
    target: str
    """Dotted name; of our own modules without the leading `mainspring.`"""
    ours: bool
    inside_function: bool
    by_name: bool = False
    """Not an import statement but a string such as "mainspring.cli.run:run", to be imported later."""


@dataclass(frozen=True)
class Module:
    name: str
    """Without the leading `mainspring.`; empty for the package itself."""
    imports: tuple[Import, ...]
    line_count: int
    is_empty: bool

    @property
    def place(self) -> str:
        return f"{PACKAGE}.{self.name}" if self.name else PACKAGE


House = Mapping[str, Module]


def read_house(sources: Mapping[str, str]) -> House:
    """From the text of each module by its name."""
    return {name: read_module(name, text, frozenset(sources)) for name, text in sources.items()}


def read_module(name: str, text: str, names: frozenset[str]) -> Module:
    tree = ast.parse(text)
    inner = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    package = name if any(other.startswith(f"{name}.") for other in names) else name.rpartition(".")[0]
    nodes = [absolute(node, package) if isinstance(node, ast.ImportFrom) else node for node in ast.walk(tree)]
    imports = tuple(found for node in nodes for found in imports_of(node, names, id(node) in inner))
    code = [node for node in tree.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    return Module(name, imports, line_count=text.count("\n"), is_empty=not code)


def absolute(node: ast.ImportFrom, package: str) -> ast.ImportFrom:
    """`from .clock import x` as `from mainspring.clock import x`, changed in place to stay where it is."""
    if node.level:
        parts = [part for part in (PACKAGE, *package.split(".")) if part]
        base = parts[: len(parts) - node.level + 1]
        node.module, node.level = ".".join([*base, *([node.module] if node.module else [])]), 0
    return node


def imports_of(node: ast.AST, names: frozenset[str], inside: bool) -> Iterator[Import]:
    match node:
        case ast.Import():
            for alias in node.names:
                yield Import(node.lineno, *resolve(alias.name, names), inside)
        case ast.ImportFrom(module=str(module), level=0):
            for found in dict.fromkeys(resolve(f"{module}.{alias.name}", names) for alias in node.names):
                yield Import(node.lineno, *found, inside)
        case ast.Constant(value=str(text)) if re.fullmatch(rf"{PACKAGE}(\.\w+)+(:\w+)?", text):
            target, ours = resolve(text.partition(":")[0], names)
            if target:
                yield Import(node.lineno, target, ours, inside_function=False, by_name=True)
        case _:
            pass


def resolve(dotted: str, names: frozenset[str]) -> tuple[str, bool]:
    """The module that a dotted name stands in, and whether it is ours: `mainspring.clock.Clock` is in `clock`."""
    if dotted.partition(".")[0] != PACKAGE:
        return dotted, False
    name = dotted.removeprefix(PACKAGE).removeprefix(".")
    while name and name not in names:
        name = name.rpartition(".")[0]
    return name, True


def own_house() -> House:
    top = ROOT / "src" / PACKAGE
    sources = {}
    for path in sorted(top.rglob("*.py")):
        parts = path.relative_to(top).with_suffix("").parts
        sources[".".join(part for part in parts if part != "__init__")] = path.read_text(encoding="utf-8")
    return read_house(sources)


def room(name: str) -> str:
    return name.partition(".")[0]


def is_within(name: str, whole: str) -> bool:
    return name == whole or name.startswith(f"{whole}.")


def row_for(table: Mapping[str, str], name: str) -> str | None:
    return next((row for row in table if is_within(name, row)), None)


# --- The rules: each returns what is wrong, one sentence per fault ------------------------------


def homeless(house: House) -> list[str]:
    known = {each for storey in STOREYS.values() for each in storey} | {"__main__"}
    return [
        f"{PACKAGE}.{name} stands in no storey: decide what it may import, and add it to STOREYS in tests/test_house.py"
        for name in sorted({room(name) for name in house} - known)
    ]


def wrong_arrows(house: House) -> list[str]:
    storey_of = {each: storey for storey, rooms in STOREYS.items() for each in rooms}
    faults = []
    for module, found in arrows(house):
        here, there = room(module.name), room(found.target)
        if here not in storey_of or there not in storey_of:
            continue  # `homeless` reports it
        what = f"{module.place}, line {found.line}, imports {PACKAGE}.{found.target}".rstrip(".")
        if storey_of[there] > storey_of[here]:
            faults.append(
                f"{what}: upward, from storey {storey_of[here]} to {storey_of[there]}; return a value to the caller, "
                f"or take what is needed as an argument"
            )
        elif (here, there) in APART:
            faults.append(f"{what}: {APART[here, there]}")
    return faults


def models_that_meet(house: House) -> list[str]:
    faults = []
    for module, found in arrows(house):
        here, there = model_of(module.name), model_of(found.target)
        if there and there not in MODELS_SHARE and here != there and is_within(module.name, "models") and here:
            faults.append(
                f"{module.place}, line {found.line}, imports {PACKAGE}.{found.target}: models do not know each other; "
                f"what two of them need belongs to one of {', '.join(MODELS_SHARE)}"
            )
    return faults


def model_of(name: str) -> str:
    """`models.workflow.state` belongs to `workflow`; `models.registry`, where all are listed, belongs to none."""
    return name.split(".")[1] if name.startswith("models.") and name != "models.registry" else ""


def cycles(house: House) -> list[str]:
    graph = {
        name: {found.target for found in module.imports if found.ours and not found.by_name and found.target != name}
        for name, module in house.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring = [f"{PACKAGE}.{name}".rstrip(".") for name in reversed(error.args[1])]
        hint = "imports for types count: what the lower one needs of the upper it can name as a Protocol"
        return [f"an import cycle: {' -> '.join(ring)} ({hint})"]
    return []


def hidden_imports(house: House) -> list[str]:
    faults, used = [], set()
    for module in house.values():
        for found in (each for each in module.imports if each.inside_function):
            target = f"{PACKAGE}.{found.target}" if found.ours else found.target
            row = next(
                (
                    row
                    for row in IMPORTED_INSIDE_FUNCTIONS
                    if is_within(module.name, row[0]) and is_within(target, row[1])
                ),
                None,
            )
            used.add(row)
            if row is None:
                faults.append(
                    f"{module.place}, line {found.line}, imports {target} inside a function: move it to the top, or "
                    f"give the reason in IMPORTED_INSIDE_FUNCTIONS in tests/test_house.py"
                )
    return faults + [f"nothing needs the row {row} any more" for row in IMPORTED_INSIDE_FUNCTIONS if row not in used]


def dead_files(house: House, scripts: tuple[str, ...]) -> list[str]:
    reached: set[str] = set()
    waiting = [name for name in (*ENTRANCES, *scripts) if name in house]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in house:
            continue
        reached.add(name)
        waiting += [found.target for found in house[name].imports if found.ours]
        waiting += [name.rpartition(".")[0]] if "." in name else []
    unreached = [name for name, module in house.items() if name not in reached and not module.is_empty]
    faults = [
        f"{PACKAGE}.{name} is dead: no public name and no entry point leads to it; use it or delete it"
        for name in unreached
        if row_for(NOT_YET_REACHED, name) is None
    ]
    needed = {row_for(NOT_YET_REACHED, name) for name in unreached}
    return faults + [
        f"{row} is reached now: delete its row in NOT_YET_REACHED" for row in NOT_YET_REACHED if row not in needed
    ]


def long_files(house: House) -> list[str]:
    faults = [
        f"{module.place} has {module.line_count} lines, more than {LINES_MAX}: which second noun moved in?"
        for name, module in house.items()
        if module.line_count > LINES_MAX and name not in LONGER_FILES
    ]
    shorter = [name for name in LONGER_FILES if name not in house or house[name].line_count <= LINES_MAX]
    return faults + [f"{PACKAGE}.{name} is short enough: delete its row in LONGER_FILES" for name in shorter]


def arrows(house: House) -> Iterator[tuple[Module, Import]]:
    return ((module, found) for module in house.values() for found in module.imports if found.ours)


def scripts_of_project() -> tuple[str, ...]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return tuple(value.partition(":")[0].removeprefix(f"{PACKAGE}.") for value in project["scripts"].values())


# --- Our own house ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def house() -> House:
    return own_house()


@pytest.mark.parametrize(
    "rule",
    [homeless, wrong_arrows, models_that_meet, cycles, hidden_imports, long_files],
    ids=lambda rule: rule.__name__,
)
def test_the_house_keeps_its_shape(house, rule):
    faults = rule(house)
    assert not faults, "\n" + "\n".join(faults)


def test_no_file_of_the_house_is_dead(house):
    if house[""].is_empty:
        pytest.skip("there are no public names yet, so nothing can lead to a file")
    faults = dead_files(house, scripts_of_project())
    assert not faults, "\n" + "\n".join(faults)


# --- The rules themselves, on small houses ------------------------------------------------------


def faults_of(rule, **sources: str) -> list[str]:
    return rule(read_house({name.replace("__", "."): text for name, text in sources.items()}))


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ({"kernel__turn": "from mainspring.engine import Engine", "engine": ""}, "upward, from storey 2 to 4"),
        ({"kernel__turn": "import mainspring", "": ""}, "upward, from storey 2 to 4"),
        ({"kernel__turn": "LATER = 'mainspring.engine:Engine'", "engine": ""}, "upward"),
        ({"runtime__pump": "from mainspring.stores import sqlite", "stores__sqlite": ""}, "both meet in the engine"),
        ({"cli": "from mainspring.kernel import store", "kernel__store": ""}, "faces use what users hold"),
    ],
)
def test_an_arrow_that_does_not_point_down_is_refused(sources, words):
    (fault,) = faults_of(wrong_arrows, **sources)
    assert words in fault


def test_an_arrow_down_or_within_a_room_is_allowed():
    assert not faults_of(
        wrong_arrows,
        kernel__turn="from mainspring.kernel.store import Store",
        kernel__store="import mainspring.clock",
        clock="",
    )


def test_a_module_without_a_storey_is_refused():
    assert "add it to STOREYS" in faults_of(homeless, plumbing="")[0]


def test_models_may_meet_only_on_shared_ground():
    shared = {"models__contract": "", "models__machine__state": ""}
    assert not faults_of(models_that_meet, models__workflow="from mainspring.models import contract", **shared)
    assert not faults_of(models_that_meet, models="from mainspring.models.machine import state", **shared)
    assert faults_of(models_that_meet, models__workflow="from mainspring.models.machine import state", **shared)


def test_a_cycle_is_shown_module_by_module():
    (fault,) = faults_of(cycles, clock="import mainspring.codec", codec="from mainspring.clock import Clock")
    assert "mainspring.clock -> mainspring.codec -> mainspring.clock" in fault or (
        "mainspring.codec -> mainspring.clock -> mainspring.codec" in fault
    )


def test_a_relative_import_is_an_arrow_like_any_other():
    assert faults_of(wrong_arrows, kernel__turn="from ..engine import Engine", engine="")
    assert faults_of(cycles, kernel__turn="from . import store", kernel__store="from .turn import run")
    assert not faults_of(wrong_arrows, kernel="from . import store", kernel__store="")


def test_an_import_inside_a_function_is_refused():
    assert (
        "inside a function"
        in faults_of(hidden_imports, clock="def now():\n    import time\n    return time.time()\n")[0]
    )


def test_a_file_nothing_leads_to_is_dead():
    house = read_house({"": "from mainspring.engine import Engine", "engine": "", "clock": "NOW = 1"})
    assert any("mainspring.clock is dead" in fault for fault in dead_files(house, ()))


def test_a_file_reached_by_name_lives():
    house = read_house({"cli": "COMMANDS = ['mainspring.cli.run:run']", "cli.run": "def run(): pass"})
    assert not any("cli" in fault for fault in dead_files(house, ("cli",)))


def test_a_long_file_is_refused():
    assert "second noun" in faults_of(long_files, clock="\n" * (LINES_MAX + 1))[0]


def test_no_merge_was_left_half_done():
    texts = [path for kind in ("*.md", "src/**/*.py", "tests/**/*.py", "docs/**/*.md") for path in ROOT.glob(kind)]
    left = [path for path in texts if re.search(r"^(<{7} |>{7} )", path.read_text(encoding="utf-8"), re.MULTILINE)]
    assert left == []
