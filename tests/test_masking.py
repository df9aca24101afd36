"""Passwords are not shown, wherever the URL of a store is told of."""

from __future__ import annotations

import json
import logging

import pytest

from mainspring import Engine
from mainspring.cli import run
from mainspring.errors import MainspringError
from mainspring.masking import masked
from mainspring.stores.postgres_url import read_url

SECRET = "geheim42"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ann:geheim42@host/db", "postgresql://ann:***@host/db"),
        ("postgresql://ann:geheim42@[::1]:5432/db?x=a", "postgresql://ann:***@[::1]:5432/db?x=a"),
        ("postgresql://ann@host/db", "postgresql://ann@host/db"),
        ("postgresql://host:5432/db", "postgresql://host:5432/db"),
        ("postgresql://:geheim42@host", "postgresql://:***@host"),
        ("postgresql://ann:geheim42/x@host/db", "postgresql://ann:***@host/db"),
        ("postgresql://ann:x@geheim42@host/db", "postgresql://ann:***@host/db"),
        ("postgresql+psycopg://ann:geheim42@host/db", "postgresql+psycopg://ann:***@host/db"),
        ("postgresql:ann:geheim42@host/db", "postgresql:ann:***@host/db"),
        ("postgres://host/db?user=ann&password=geheim42&x=1", "postgres://host/db?user=ann&password=***&x=1"),
        ("no URL, mail ann@example.com at 10:30", "no URL, mail ann@example.com at 10:30"),
        ("sqlite:///file.db", "sqlite:///file.db"),
    ],
)
def test_what_is_shown(text, shown):
    assert masked(text) == shown


WRONG = [
    f"postgresql://ann:{SECRET}@127.0.0.1:1/db",
    f"postgresql://127.0.0.1:1/db?user=ann&password={SECRET}",
    f"postgresql://ann:{SECRET}/x@127.0.0.1:1/db",
    f"postgresql://ann:x/{SECRET}@127.0.0.1:1/db",
    f"postgresql://ann:x?{SECRET}@127.0.0.1:1/db",
    f"postgresql://ann:x#{SECRET}@127.0.0.1:1/db",
    f"postgresql://ann:x@{SECRET}@127.0.0.1:1/db",
    f"postgresql://ann:{SECRET}@127.0.0.1:1/db?schema=No",
    f"postgresql://ann:{SECRET}@127.0.0.1:1/db?nonsense",
    f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:1/db",
    f"mysql://ann:{SECRET}@127.0.0.1:1/db",
    f"postgresql:ann:{SECRET}@127.0.0.1:1/db",
    f"sqlite://ann:{SECRET}@host/file.db",
]
"""URLs of which each is wrong in its own way, or leads nowhere."""


@pytest.mark.parametrize("url", WRONG)
def test_no_error_tells_the_password(url):
    with pytest.raises(MainspringError) as caught:
        Engine(url)
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in f"{error!r} {error}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.mark.parametrize("url", WRONG)
@pytest.mark.parametrize("command", [["list"], ["doctor"], ["worker"], ["cancel", "one"], ["list", "--json"]])
def test_no_command_tells_the_password(url, command, capsys, caplog, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.DEBUG):
        assert run([*command, "--store", url]) in (2, 3, 4, 6)
    printed = capsys.readouterr()
    assert SECRET not in printed.out + printed.err + caplog.text
    assert printed.err
    assert not list(tmp_path.iterdir()), "it was taken for the name of a file"
    if "--json" in command:
        assert json.loads(printed.out)["error"]["message"]


def test_signs_that_end_a_password_are_told_of():
    with pytest.raises(MainspringError, match="write / as %2F"):
        read_url("postgresql://ann:pass/word@host/db")
    assert read_url("postgresql://ann:pass%2Fword@host/db").conninfo.startswith("postgresql://ann:pass%2Fword@host/db")
    assert "ann:p" not in repr(read_url("postgresql://ann:pass%2Fword@host/db"))
    assert "5432" in read_url("postgresql://host:5432/db?user=ann@example.com").conninfo
