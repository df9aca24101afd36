"""What the shell is offered."""

from __future__ import annotations

import pytest


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


def test_fish_hands_over_words(place, monkeypatch):
    monkeypatch.delenv("COMP_LINE", raising=False)
    assert place("--complete", "mainspring", "canc").out.split() == ["cancel"]


def test_it_is_installed_once(place, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "added to ~/.bashrc" in place("--install-completion", "bash").out
    assert "has it already" in place("--install-completion", "bash").out
    assert (tmp_path / ".bashrc").read_text().count("mainspring --complete") == 1
    assert place("--install-completion", "bush").code == 2
