"""Ctrl-C before anything runs, closed and full streams, files that may not be read: the exit code, and no traceback."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import end_of
from tests.patience import PATIENCE_S

SLOW_TO_LOAD = """
import time
from pathlib import Path

Path("loading").touch()
time.sleep(30)
"""


def shell(place, line):
    """What a shell makes of a command line in which MAINSPRING stands for the command."""
    command = f"{shlex.quote(sys.executable)} -c 'import sys; from mainspring.cli import main; sys.exit(main())'"
    return subprocess.run(
        line.replace("MAINSPRING", command),
        shell=True,
        cwd=place.folder,
        env=place.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize("command", ["run", "start", "worker", "check", "graph"])
def test_ctrl_c_while_a_file_is_loaded(place, interrupt, command):
    (place.folder / "slow_to_load.py").write_text(SLOW_TO_LOAD)
    process = place.spawn(command, "slow_to_load.py")
    place.wait_until((place.folder / "loading").exists)
    interrupt(process)
    said = end_of(process)
    assert process.returncode == 130
    assert "Traceback" not in said


@pytest.mark.parametrize("arguments", [["demo", "--years", "1", "--slots", "1"], ["list"], ["worker"]])
def test_ctrl_c_at_any_moment_of_the_beginning(place, interrupt, arguments):
    for delay_s in (0.15, 0.4, 0.8):
        process = place.spawn(*arguments, deaf=True)
        place.wait_until(lambda process=process: heard_from_now_on(process.pid) or process.poll() is not None)
        time.sleep(delay_s)
        interrupt(process)
        said = end_of(process)
        assert "Traceback" not in said
        assert as_a_shell_tells(process.returncode) == 130 or (arguments == ["list"] and process.returncode == 3)


def as_a_shell_tells(code):
    """While Python itself ends, nobody catches the signal and it ends the process: to a shell that is 130 too."""
    return 128 - code if code < 0 else code


def heard_from_now_on(pid):
    """Whether mainspring listens to Ctrl-C: SIGINT, which was ignored, is among the signals that it catches now."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return True
    caught = next((int(line.split()[1], 16) for line in lines if line.startswith("SigCgt")), 2)
    return bool(caught & 2)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
@pytest.mark.parametrize("arguments", ["list", "list --json", "show full --json"])
def test_an_output_that_takes_no_more(place, flow, arguments):
    place("run", flow, "--id", "full")
    ended = shell(place, f"MAINSPRING {arguments} > /dev/full")
    assert ended.returncode == 6
    assert ended.stderr == "mainspring: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_fault(place, flow, streams):
    place("run", flow, "--id", "closed")
    ended = shell(place, f"MAINSPRING list {streams}")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ("closed" in ended.stdout) == (">&-" not in streams.replace("2>&-", ""))
    assert place("doctor").code == 0, "nothing was written into the store"


def test_a_pipe_that_nobody_reads_any_more(place, flow):
    place("run", flow, "--id", "piped")
    ended = shell(place, "MAINSPRING journal piped --follow | head -n 1")
    assert ended.stderr == ""


@pytest.mark.parametrize("name", ["secret.py", "secret.yaml"])
@pytest.mark.parametrize("command", ["check", "run", "graph"])
def test_a_file_that_may_not_be_read(place, monkeypatch, name, command):
    (place.folder / name).write_text("workflow: x")
    honest = Path.open

    def refuse(path, *arguments, **options):
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return honest(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    answer = place(command, name)
    assert answer.code == 4
    assert answer.err == f"mainspring: {name} cannot be read: Permission denied\n"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (PermissionError(13, "Permission denied", "there"), 4, "mainspring: there: Permission denied\n"),
        (FileNotFoundError(2, "No such file or directory", "there"), 3, "there: No such file"),
        (OSError(28, "No space left on device", "there"), 6, "there: No space left"),
    ],
)
def test_what_the_operating_system_refuses_is_no_fault_of_mainspring(place, monkeypatch, error, code, words):
    def fail(options):
        raise error

    monkeypatch.setattr("mainspring.cli.listing.look", fail)
    answer = place("list")
    assert answer.code == code
    assert words in answer.err
    assert "should not have happened" not in answer.err
