"""Child processes: handlers that can be killed, and every way to die as a story."""

from __future__ import annotations

import importlib
import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest

from mainspring.handler import task
from mainspring.handler_context import LINE_COUNT_MAX
from mainspring.kernel.records import Release, Settle
from mainspring.models.contract import TaskCompleted
from mainspring.runtime import children, frames
from mainspring.runtime import processes as module
from tests.patience import PATIENCE_S, wait_until
from tests.runtime import crew
from tests.runtime.shop import Shop, failure_in

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups")


def wait_for(path: Path) -> str:
    """What a handler in another process has written; it cannot ring a bell here."""
    wait_until(lambda: path.exists() and path.read_text(), f"{path.name} is written")
    return path.read_text()


def wait_for_end(pid: int) -> None:
    wait_until(lambda: not is_alive(pid), f"process {pid} ends")


def is_alive(pid: int) -> bool:
    """Whether any of its threads is: the first may have ended before the others."""
    try:
        texts = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    except (FileNotFoundError, ProcessLookupError):
        return True  # one has ended in this moment
    return any(text.rpartition(")")[2].split()[0] not in "ZX" for text in texts)


def test_handlers_run_in_another_process_that_stays_warm(shop):
    assert shop.result(crew.double, number=21) == 42
    assert shop.result(crew.double_async, number=21) == 42
    assert shop.result(crew.renamed) == "found by path"
    pids = {shop.result(crew.pid) for _ in range(10)}
    assert os.getpid() not in pids
    assert len(pids) <= 2


def test_context_reaches_the_process(shop):
    assert shop.result(crew.tell) == ["case-1", "step", 1, "case-1:step"]


def test_what_is_printed_and_logged_is_kept(shop):
    shop.submit(crew.chatty)
    lines = []
    while not isinstance(one := shop.next(), Settle):
        lines += one.lines
    lines += one.lines
    assert [line[1:] for line in sorted(lines) if "half-way" in line[2]] == [("INFO", "half-way")]
    assert {line[1:] for line in lines} == {
        ("OUTPUT", "printed"),
        ("OUTPUT", "without an end"),
        ("OUTPUT", "logged"),  # logging's last resort prints warnings
        ("OUTPUT", "by logging"),
        ("INFO", "half-way"),
        ("WARNING", "logged"),
    }


def test_progress_comes_at_once(shop):
    shop.submit(crew.advance)
    assert shop.next().fraction == 0.25
    assert isinstance(shop.end(), Settle)


def test_an_exception_arrives_with_its_traceback_and_kinds(shop):
    failure = shop.failure(crew.fail, message="not there")
    assert (failure.type, failure.message) == ("LookupError", "not there")
    assert "raise LookupError(message)" in failure.traceback
    assert "mainspring/runtime" not in failure.traceback
    assert failure.kinds[:2] == ("builtins.LookupError", "builtins.Exception")


@pytest.mark.parametrize(
    ("handler", "arguments", "type_", "message"),
    [
        (crew.leave, {"code": 3}, "TaskExitError", "the handler called sys.exit(3)"),
        (crew.vanish, {"code": 7}, "TaskExitError", "the handler's process ended with exit code 7"),
        (crew.vanish, {"code": 0}, "TaskExitError", "the handler's process ended with exit code 0"),
        (crew.die, {"number": signal.SIGSEGV}, "TaskExitError", "the handler's process was killed by SIGSEGV"),
        (crew.die, {"number": signal.SIGKILL}, "TaskExitError", "was killed by SIGKILL; if nobody did that"),
        (crew.wrong, {}, "PayloadInvalidError", "Expected `int`, got `str`"),
        (crew.huge, {}, "PayloadInvalidError", "20,000,002 bytes are more than"),
        (crew.double, {"number": "two"}, "PayloadInvalidError", "Expected `int`, got `str` - at `$.number`"),
    ],
)
def test_each_way_to_fail_is_a_story_and_the_next_attempt_runs(shop, handler, arguments, type_, message):
    failure = shop.failure(handler, **arguments)
    assert failure.type == type_
    assert message in failure.message
    assert shop.result(crew.double, number=4) == 8


def test_last_words_are_kept(shop):
    settle = shop.run(crew.vanish, code=1)
    assert isinstance(settle, Settle)
    said = list(settle.lines)
    assert [line[2] for line in said] in (["last words"], [])  # or it came as progress


def test_a_handler_that_the_process_cannot_import_says_so(shop, monkeypatch):
    only_here = types.ModuleType("only_here")
    monkeypatch.setitem(sys.modules, "only_here", only_here)

    def work() -> None: ...

    work.__module__, work.__qualname__ = "only_here", "work"
    failure = shop.failure(task(isolation="process")(work))
    assert failure.type == "HandlerUnknownError"
    assert "a process of its own must be able to import it: there is no module 'only_here' here" in failure.message


# --- Output without bounds --------------------------------------------------------------------


def count_lines(shop: Shop) -> tuple[int, str]:
    count, last = 0, ""
    while True:
        one = shop.next()
        count += len(one.lines)
        last = one.lines[-1][2] if one.lines else last
        if isinstance(one, Settle):
            return count, last


def test_many_lines_are_bounded_and_counted(shop):
    shop.submit(crew.shout, lines=200_000, length=100)
    count, last = count_lines(shop)
    assert count == LINE_COUNT_MAX + 1
    assert last == "199,000 more lines were not kept (at most 1,000 are)"
    assert shop.result(crew.double, number=4) == 8


def test_an_endless_line_is_cut_and_counted(shop):
    shop.submit(crew.shout_without_end, megabytes=20)
    count, last = count_lines(shop)
    assert count == 1
    assert last.endswith("y… (19,998,050 more bytes)")


# --- Time-outs, cancelling, stopping ----------------------------------------------------------


@pytest.mark.parametrize("handler", [crew.sleep_and_note, crew.sleep_async])
def test_a_late_handler_is_asked_to_end_and_says_where_it_was(shop, tmp_path, handler):
    shop.submit(handler, folder=str(tmp_path), timeout_s=60)
    wait_for(tmp_path / "began")
    shop.let_pass(60)
    failure = failure_in(shop.end())
    assert (failure.type, failure.message) == ("TaskTimeoutError", "took longer than its timeout_s of 60 s")
    assert "sleep(600)" in failure.traceback
    assert "Terminated" not in failure.traceback
    assert (tmp_path / "cleaned").exists()
    assert shop.result(crew.double, number=4) == 8


def test_what_is_asked_of_a_process_that_stands_still_is_heard_by_its_handler(shop, tmp_path):
    shop.submit(crew.sleep_and_note, folder=str(tmp_path), timeout_s=60)
    child = int(wait_for(tmp_path / "began"))
    os.kill(child, signal.SIGSTOP)
    shop.let_pass(60)
    os.kill(child, signal.SIGCONT)  # whichever of its threads wakes first
    assert "sleep(600)" in failure_in(shop.end()).traceback
    assert (tmp_path / "cleaned").exists()


def test_output_that_has_ended_before_an_attempt_is_not_waited_for():
    output = children.Output(io.BytesIO(b"last words\n"))
    output.read()
    output.attend(None)  # type: ignore[arg-type]  # it says nothing of it
    assert output._complete.is_set()


def test_a_handler_that_cannot_be_asked_is_killed_with_all_it_has_started(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "TERMINATE_GRACE_S", 0.1)
    attempt = shop.submit(crew.deaf, folder=str(tmp_path), timeout_s=60)
    wait_for(tmp_path / "began")
    own = int(wait_for(tmp_path / "own"))
    shop.let_pass(60)
    failure = failure_in(shop.end())
    assert failure.message == "took longer than its timeout_s of 60 s; its process was killed"
    wait_for_end(own)
    assert shop.result(crew.double, number=4) == 8
    assert attempt.attempt == 1


def test_a_child_that_died_between_attempts_is_replaced():
    shop = Shop(processes=1)
    child = shop.result(crew.pid)
    os.kill(child, signal.SIGKILL)
    wait_for_end(child)
    assert shop.result(crew.pid) != child
    shop.worker.kill()


def test_an_attempt_cancelled_while_its_process_starts_is_released(monkeypatch):
    shop, starting, gate = Shop(processes=1), threading.Event(), threading.Event()
    start = children.ChildProcess

    def slow_start(bytes_max: int) -> children.ChildProcess:
        starting.set()
        gate.wait()
        return start(bytes_max)

    monkeypatch.setattr(module, "ChildProcess", slow_start)
    attempt = shop.submit(crew.double, number=1)
    assert starting.wait(PATIENCE_S)
    shop.worker.cancel(attempt.instance, attempt.key)
    gate.set()
    assert shop.end() == Release(attempt)
    assert shop.result(crew.double, number=4) == 8
    shop.worker.kill()


def test_what_a_dead_handler_has_started_ends_too(tmp_path):
    shop = Shop(processes=1)
    assert shop.result(crew.leave_a_child, folder=str(tmp_path)) == "done"
    own = int((tmp_path / "own").read_text())
    assert is_alive(own)
    shop.failure(crew.die, number=signal.SIGKILL)
    wait_for_end(own)
    shop.worker.kill()


def test_a_cancelled_handler_is_ended(shop, tmp_path):
    attempt = shop.submit(crew.sleep_and_note, folder=str(tmp_path))
    wait_for(tmp_path / "began")
    shop.worker.cancel(attempt.instance, attempt.key)
    assert failure_in(shop.end()).type == "Terminated"
    assert (tmp_path / "cleaned").exists()


def test_drain_ends_processes_and_releases_their_attempts(shop, tmp_path):
    attempt = shop.submit(crew.sleep_and_note, folder=str(tmp_path))
    child = int(wait_for(tmp_path / "began"))
    assert shop.worker.drain(0.05) == []
    assert shop.end() == Release(attempt)
    wait_for_end(child)


def test_kill_ends_processes(tmp_path):
    shop = Shop(processes=1)
    shop.submit(crew.deaf, folder=str(tmp_path))
    child = int(wait_for(tmp_path / "began"))
    shop.worker.kill()
    wait_for_end(child)
    assert shop.inbox.empty()


def test_drain_kills_what_cannot_be_asked_and_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr("mainspring.runtime.worker.STOP_GRACE_S", 0.05)
    shop = Shop(processes=1)
    attempt = shop.submit(crew.deaf, folder=str(tmp_path))
    child = int(wait_for(tmp_path / "began"))
    assert shop.worker.drain(0.05) == [attempt]
    wait_for_end(child)
    assert shop.inbox.empty()


def test_idle_children_end_with_the_worker():
    shop = Shop(processes=1)
    child = shop.result(crew.pid)
    shop.worker.drain(1)
    wait_for_end(child)


def test_a_child_is_replaced_after_many_attempts():
    shop = Shop(processes=1, recycle_attempts=3)
    pids = [shop.result(crew.pid) for _ in range(7)]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]
    shop.worker.kill()


# --- Copies, and what does not belong on the pipe ----------------------------------------------


@pytest.mark.parametrize("handler", [crew.fork, crew.fork_and_raise, crew.fork_and_talk])
def test_a_copy_of_the_process_answers_nothing(handler):
    shop = Shop(processes=1)
    child = shop.result(crew.pid)
    assert shop.result(handler) == child
    assert [shop.result(crew.double, number=number) for number in range(5)] == [0, 2, 4, 6, 8]
    assert shop.result(crew.pid) == child
    shop.worker.kill()


def test_a_copy_ends_with_its_child():
    shop = Shop(processes=1)
    copy = shop.result(crew.fork_and_stay)
    assert is_alive(copy)
    shop.worker.drain(1)
    wait_for_end(copy)


def test_a_copy_ends_with_its_child_when_the_parent_is_killed(tmp_path):
    text = SCRIPT.replace("crew.sleep_and_note(folder)", "crew.fork_and_wait(folder)")
    with run_script(tmp_path, text + '\nif __name__ == "__main__": main()\n', str(tmp_path)) as script:
        copy = int(wait_for(tmp_path / "began"))
        script.kill()
        wait_for_end(copy)


def test_a_copy_that_has_left_the_group_does_not_hold_the_answer_back(tmp_path, monkeypatch):
    monkeypatch.setattr(children, "OUTPUT_WAIT_S_MAX", 0.1)  # it does hold the output
    shop = Shop(processes=1)
    failure = shop.failure(crew.fork_a_daemon_and_vanish, folder=str(tmp_path))
    assert failure.message == "the handler's process ended with exit code 3"
    os.kill(int(wait_for(tmp_path / "own")), signal.SIGKILL)
    shop.worker.kill()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"to whom it may concern", "written to its process's connection to mainspring"),
        (b"?", "written to its process's connection to mainspring"),
        (frames.MARK + b"\xff\xff\xff\xff", "4,294,967,295 bytes is longer than any can be"),
        (frames.MARK + b"\x02\x00\x00\x00??", "written to its process's connection to mainspring"),
        (frames.MARK, "written to its process's connection to mainspring"),
    ],
)
def test_garbage_on_the_pipe_is_a_story_and_another_child_goes_on(data, message):
    shop = Shop(processes=1)
    child = shop.result(crew.pid)
    failure = shop.failure(crew.scribble, text=data.decode("latin-1"))
    assert failure.type == "TaskExitError"
    assert message in failure.message
    wait_for_end(child)
    assert shop.result(crew.pid) != child
    shop.worker.kill()


@pytest.mark.parametrize(
    ("token_more", "pid_more", "message"),
    [
        (0, 1, "answered in place of the handler's process"),
        (-1, 0, "the handler's process answered its request 1 when 2 was asked"),
        (1, 0, "the handler's process answered its request 3 when 2 was asked"),
    ],
)
def test_an_answer_to_another_request_is_not_believed(token_more, pid_more, message):
    shop = Shop(processes=1)
    child = shop.result(crew.pid)
    failure = shop.failure(crew.forge, token=2 + token_more, pid_more=pid_more)
    assert failure.type == "TaskExitError"
    assert message in failure.message
    wait_for_end(child)
    assert shop.result(crew.double, number=4) == 8
    shop.worker.kill()


def test_what_a_thread_of_an_earlier_attempt_says_is_not_the_next_ones():
    shop = Shop(processes=1)
    shop.result(crew.talk_later)
    shop.submit(crew.ring_and_wait)
    assert isinstance(shop.next(), Settle), "no progress before it"
    shop.worker.kill()


# --- What a handler leaves behind --------------------------------------------------------------


@pytest.mark.parametrize(
    "handler",
    [
        crew.change_everything,
        crew.change_everything_and_raise,
        crew.close_streams,
        crew.close_descriptors,
        crew.wrap_streams,
        crew.detach_streams,
        crew.redirect_descriptors,
    ],
)
def test_a_handler_finds_its_process_as_the_first_one_did(handler, tmp_path):
    shop = Shop(processes=1)
    before = shop.result(crew.look_around)
    shop.run(handler, folder=str(tmp_path))
    assert shop.result(crew.look_around) == before, "in the same process"
    shop.submit(crew.speak)
    lines = []
    while not isinstance(one := shop.next(), Settle):
        lines += one.lines
    assert sorted(line[2] for line in [*lines, *one.lines]) == ["aloud", "to stderr"]
    assert is_done(one)
    shop.worker.kill()


def is_done(settle: Settle) -> bool:
    return isinstance(settle.event, TaskCompleted)


def test_an_alarm_of_one_attempt_does_not_strike_the_next():
    shop = Shop(processes=1)
    shop.result(crew.set_alarm)
    assert shop.result(crew.alarm_s) == 0
    shop.worker.kill()


def test_what_a_module_sets_up_stays(tmp_path, monkeypatch):
    (tmp_path / "settling.py").write_text(
        "import os\nfrom mainspring.handler import task\nos.environ['SETTLED'] = 'yes'\n"
        "@task(isolation='process')\ndef ask() -> str:\n    return os.environ['SETTLED']\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    ask = importlib.import_module("settling").ask
    monkeypatch.delenv("SETTLED")
    shop = Shop(processes=1)
    assert [shop.result(ask) for _ in range(3)] == ["yes"] * 3
    shop.worker.kill()


def test_a_process_that_cannot_be_put_in_order_is_replaced_after_its_answer(tmp_path, monkeypatch, caplog):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    shop = Shop(processes=1)
    child = shop.result(crew.pid)
    with caplog.at_level(logging.WARNING):
        assert shop.result(crew.burn_down) == child
        monkeypatch.chdir(tmp_path)
        assert shop.result(crew.pid) != child
    assert "burn_down left its process changed (working directory); another takes its place" in caplog.text
    wait_for_end(child)
    shop.worker.kill()


@pytest.mark.parametrize("stay", [False, True])
@pytest.mark.parametrize("reuse", [False, True])
def test_a_handler_that_closes_what_is_not_its_own_is_told_so(stay, reuse, tmp_path, monkeypatch):
    monkeypatch.setattr(children, "DEATH_WAIT_S_MAX", 1.0)
    shop = Shop(processes=1)
    child = shop.result(crew.pid)
    failure = shop.failure(crew.close_all, folder=str(tmp_path), reuse=reuse, stay=stay)
    assert failure.type == "TaskExitError"
    assert failure.message.startswith("the handler broke its process's connection to mainspring: it closed")
    wait_for_end(child)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b""] * (20 * reuse), "nothing of ours is in its files"
    assert shop.result(crew.double, number=4) == 8
    shop.worker.kill()


def test_an_answer_that_comes_late_is_late_even_if_the_watchdog_is_too(shop, jump):
    jump()
    assert shop.failure(crew.double, number=4, timeout_s=60).type == "TaskTimeoutError"
    assert shop.result(crew.double, number=4) == 8


# --- Scripts and parents ----------------------------------------------------------------------

SCRIPT = """
import json, sys, queue
from mainspring.clock import SystemClock
from mainspring.handler import task
from mainspring.kernel.records import Attempt
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.worker import Worker
from tests.runtime import crew

class OwnError(Exception): ...

@task(isolation="process")
def work(folder: str) -> None:
    if folder: crew.sleep_and_note(folder)
    raise OwnError("mine")

def main():
    handlers, inbox = Handlers(), queue.Queue()
    handlers.add(work)
    worker = Worker(handlers, lambda inputs: [inbox.put(one) for one in inputs], name="w", clock=SystemClock())
    worker.start()
    worker.dispatch([Attempt(1, "k", work.name, json.dumps({"folder": sys.argv[1]}).encode(), 1, 1, "case")])
    error = inbox.get(timeout=100).event.error
    print(json.dumps([error.type, error.message, list(error.kinds)]))
    worker.drain(1)
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def run_script(tmp_path: Path, text: str, argument: str = "") -> subprocess.Popen[bytes]:
    script = tmp_path / "shop_script.py"
    script.write_text(text)
    command = [sys.executable, str(script), argument]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT, cwd=tmp_path)


def test_handlers_of_a_script_are_found_by_its_name(tmp_path):
    with run_script(tmp_path, SCRIPT + '\nif __name__ == "__main__": main()\n') as script:
        [type_, message, kinds] = json.loads(script.communicate(timeout=PATIENCE_S)[0])
    assert (type_, message) == ("OwnError", "mine")
    assert kinds[0] == "shop_script.OwnError"


def test_a_script_without_a_guard_does_not_run_itself_for_ever(tmp_path):
    with run_script(tmp_path, SCRIPT + "\nmain()\n") as script:
        [type_, message, _] = json.loads(script.communicate(timeout=PATIENCE_S)[0])
    assert type_ == "HandlerUnknownError"
    assert 'put what a script does under `if __name__ == "__main__":`' in message


def test_children_end_when_their_parent_is_killed(tmp_path):
    with run_script(tmp_path, SCRIPT + '\nif __name__ == "__main__": main()\n', str(tmp_path)) as script:
        child = int(wait_for(tmp_path / "began"))
        script.kill()
        wait_for_end(child)
    assert not (tmp_path / "cleaned").exists()


def test_a_python_that_cannot_be_started_fails_the_attempt(monkeypatch):
    shop = Shop(processes=1)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    failure = shop.failure(crew.double, number=1)
    assert failure.type == "UnavailableError"
    assert failure.message.startswith("a process for handlers cannot be started: [Errno 2]")
    monkeypatch.setattr(sys, "executable", "")
    assert "does not know its own program file" in shop.failure(crew.double, number=1).message
    shop.worker.kill()


def test_a_child_that_does_not_start_tells_why(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [str(tmp_path)])  # nothing of ours can be imported from there
    shop = Shop(processes=1)
    failure = shop.failure(crew.double, number=1)
    assert failure.type == "UnavailableError"
    assert "did not start: the handler's process ended with exit code 1" in failure.message
    assert "No module named" in failure.message
    shop.worker.kill()
