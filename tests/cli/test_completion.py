"""What the shell is offered."""

from __future__ import annotations

import pytest

from mainspring import Engine


def work() -> None: ...


@pytest.fixture
def offered(place, monkeypatch):
    def offer(line):
        monkeypatch.setenv("COMP_LINE", line)
        monkeypatch.setenv("COMP_POINT", str(len(line)))
        return place("--complete", "mainspring", "", "").out.split()

    return offer


def test_commands_options_and_ids(place, flow, offered):
    place("run", flow, "--id", "one")
    place("run", flow, "--id", "two")
    assert offered("mainspring re") == ["rerun", "resolve", "resume", "retry"]
    assert "--status" in offered("mainspring list --")
    assert offered("mainspring show ") == ["one", "two"]
    assert offered("mainspring show t") == ["two"]
    assert offered("mainspring show --store none.db ") == []


def test_values_of_options_and_arguments(place, flow, offered):
    with Engine(slots=0) as engine:
        engine.queue("mail").pause()
        engine.queue("main").pause()
        engine.schedule("nightly", work, every=3600)
    assert offered("mainspring list --status ") == [
        "cancelled", "completed", "created", "failed", "paused", "running"
    ]  # fmt: skip
    assert offered("mainspring list --status c") == ["cancelled", "completed", "created"]
    assert offered("mainspring list --children ") == []
    assert offered("mainspring list --limit ") == []
    assert offered("mainspring queues ") == ["limit", "pause", "resume"]
    assert offered("mainspring queues pause ma") == ["mail", "main"]
    assert offered("mainspring queues pause mail --reason ") == []
    assert offered("mainspring worker --queue mail,mai") == ["mail,mail", "mail,main"]
    assert "pause" in offered("mainspring schedule ")
    assert offered("mainspring schedule pause ") == ["nightly"]
    assert offered("mainspring queues pause --store none.db ") == []


def test_fish_hands_over_words(place, monkeypatch):
    monkeypatch.delenv("COMP_LINE", raising=False)
    assert place("--complete", "mainspring", "canc").out.split() == ["cancel"]


def test_it_is_installed_once(place, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "added to ~/.bashrc" in place("--install-completion", "bash").out
    assert "has it already" in place("--install-completion", "bash").out
    assert (tmp_path / ".bashrc").read_text().count("mainspring --complete") == 1
    assert place("--install-completion", "bush").code == 2
