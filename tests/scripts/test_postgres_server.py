"""The server that tests and benchmarks have of their own: whoever starts it, it is there, and it is gone in the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from scripts import postgres_server
from tests.patience import wait_until

ROOT = Path(__file__).parents[2]


def wait_until_gone(folder: Path) -> None:
    wait_until(lambda: not folder.exists(), f"{folder} is removed")


def settings(url: str) -> tuple[str, ...]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select current_setting('fsync'), current_setting('synchronous_commit'), current_setting('server_encoding')"
        ).fetchall()
    return rows[0]


def test_it_keeps_what_it_is_told_and_lives_as_long_as_somebody_uses_it(tmp_path):
    first = postgres_server.join(tmp_path / "a place")
    second = postgres_server.join(tmp_path / "a place")
    assert first.folder == second.folder
    first.close()
    assert settings(second.url()) == ("on", "on", "UTF8")
    second.close()
    wait_until_gone(second.folder)
    third = postgres_server.join(tmp_path / "a place")
    assert settings(third.url(tcp=True)) == ("on", "on", "UTF8")
    third.close()
    wait_until_gone(third.folder)


def test_it_starts_again_after_a_stop_and_after_a_crash():
    server = postgres_server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create table kept as select 1 as one")
    for crash in (False, True):
        server.restart(crash=crash)
        with psycopg.connect(server.url()) as connection:
            assert connection.execute("select one from kept").fetchone() == (1,)
    server.close()
    wait_until_gone(server.folder)


def test_it_does_not_outlive_a_program_that_is_killed():
    program = [sys.executable, str(ROOT / "scripts" / "postgres_server.py")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with psycopg.connect(url) as connection:
            ((folder,),) = connection.execute("select current_setting('unix_socket_directories')").fetchall()
        process.send_signal(signal.SIGKILL)
    wait_until_gone(Path(folder))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to be somebody else")
def test_where_root_has_no_namespaces_nobody_runs_it(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    server = postgres_server.start()
    pid = int((server.folder / "pid").read_text())
    assert Path(f"/proc/{pid}").stat().st_uid != 0
    assert settings(server.url()) == ("on", "on", "UTF8")
    server.close()
    wait_until_gone(server.folder)


def test_a_long_name_of_the_temporary_folder_is_no_obstacle(monkeypatch, tmp_path):
    long = tmp_path / ("a long name with spaces " * 5)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    server = postgres_server.start()
    assert settings(server.url())
    server.close()
    wait_until_gone(server.folder)
