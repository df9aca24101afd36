"""What the pages say is true: programs run, commands print what the page shows, links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from mainspring.cli import run
from mainspring.cli.commands import COMMANDS
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "tutorial.md",
    ROOT / "docs" / "reference" / "cli.md",
    *(
        ROOT / "docs" / "how-to" / f"{name}.md"
        for name in (
            "retries",
            "branches",
            "yaml",
            "steering",
            "operating",
            "workers",
            "clusters",
            "processes",
            "transactions",
            "postgresql",
        )
    ),
]
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    language: str
    file: str
    text: str


def blocks_of(page: Path) -> list[Block]:
    return [Block(*match) for match in BLOCK.findall(page.read_text(encoding="utf-8"))]


def relative(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "argv", ["mainspring"])
    monkeypatch.delenv("MAINSPRING_URL", raising=False)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:  # the next page may have a file of the same name
        if str(getattr(sys.modules[name], "__file__", "")).startswith((str(tmp_path), str(ROOT / "examples"))):
            del sys.modules[name]


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_programs_run_and_commands_print_what_is_shown(page, folder, capsys):
    if page.name == "operating.md":
        # The page looks into a store that is there.
        _run_python("from mainspring import Engine\nEngine().close()\n", folder, "store.py")
    for number, block in enumerate(blocks_of(page)):
        if block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")
        if block.language == "python":
            _run_python(block.text, folder, block.file or f"block_{number}.py")
        elif block.language == "console":
            for command, expected in _commands(block.text):
                capsys.readouterr()
                run(shlex.split(command)[1:])
                printed = capsys.readouterr()
                assert re.fullmatch(_pattern(expected), printed.out + printed.err, re.DOTALL), (
                    f"{command} prints\n{printed.out}{printed.err}\nbut the page shows\n{expected}"
                )


def _run_python(text: str, folder: Path, name: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, name],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 0, f"{name} ends with\n{ended.stderr}"


def _commands(text: str) -> list[tuple[str, str]]:
    """(command, what is shown below it)"""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def _pattern(shown: str) -> str:
    """A line of nothing but `…` stands for any lines, `…` within a line for anything in it."""
    lines = []
    for line in shown.splitlines():
        if line.strip() == "…":
            lines.append(r"(?:[^\n]*\n)*?")
        else:
            lines.append(r"[^\n]*".join(re.escape(part) for part in line.split("…")) + r"\n")
    return "".join(lines)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_commands_that_are_named_exist(page):
    text = page.read_text(encoding="utf-8")
    shell = "\n".join(block.text for block in blocks_of(page) if block.language in ("sh", "console"))
    named = set(re.findall(r"^(?:\$ )?(?:\./)?mainspring ([a-z]+)", shell, re.MULTILINE))
    named |= set(re.findall(r"`mainspring ([a-z]+)", text))
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_the_reference_lists_all_commands():
    text = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    table = text.partition("<!-- commands -->")[2].partition("<!-- /commands -->")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)
    assert rows == [(command.name, command.summary) for command in COMMANDS.values() if command.group]


# --- Examples ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("example", "words", "output"),
    [
        ("report.py", [], {"a": 8, "n": 7, "i": 6, "t": 6, "e": 6}),
        ("report.yaml", [], 28),
        ("branches.py", [], "archived: paid, because 20 is small enough"),
        ("branches.py", ["amount=120"], "archived: paid, because a manager agreed to 120"),
    ],
)
def test_examples_run(example, words, output, folder, capsys):
    assert run(["run", str(ROOT / "examples" / example), *words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["output"] == output
