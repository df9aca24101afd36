"""`run`, `start` and `work`: to the end, again, after kill -9, and with Ctrl-C."""

from __future__ import annotations

import signal

import pytest

from mainspring import Instance
from mainspring.cli.load import load
from mainspring.cli.session import Session
from mainspring.errors import StoreLostError
from mainspring.watch import Watch
from tests.cli.conftest import end_of, heard_until
from tests.patience import PATIENCE_S


def test_a_run_tells_what_happens_and_the_result(place, flow):
    answer = place("run", flow, "count=4", "--id", "first")
    assert answer.code == 0
    assert "squares: first" in answer.out
    assert "parts/2 attempt 1: ConnectionError: no route to host, again in" in answer.out
    assert "✓ first completed in" in answer.out
    assert "\n  14\n" in answer.out
    assert "mainspring show first" in answer.out


def test_json_is_the_result_and_nothing_else(place, flow):
    answer = place("run", flow, "count=3", "--json")
    assert answer.code == 0
    assert answer.json["output"] == 5
    assert answer.json["status"] == "completed"
    assert answer.err == ""


def test_quiet_shows_only_the_end(place, flow):
    assert place("run", flow, "--quiet", "--id", "q").out.startswith("✓ q completed in")


def test_the_same_id_is_not_run_again(place, flow):
    place("run", flow, "--id", "once")
    before = place.runs
    answer = place("run", flow, "--id", "once")
    assert answer.code == 0
    assert "once completed already, at" in answer.out
    assert place.runs == before


def test_a_failure_is_told_with_its_place_and_what_to_do(place, flow):
    (place.folder / "broken").touch()
    answer = place("run", flow, "--id", "sad")
    assert answer.code == 1
    assert "node 'total': RuntimeError: out of order" in answer.out
    assert "in total" in answer.out
    assert "mainspring retry sad" in answer.out
    assert "Traceback" not in answer.out + answer.err

    (place.folder / "broken").unlink()
    before = place.runs
    assert place("retry", "sad").code == 0
    assert place("run", flow, "--id", "sad").code == 0
    assert place.runs == before, "what completed is kept"


def test_inputs_come_from_words_json_files_and_standard_input(place, flow, monkeypatch):
    import io

    (place.folder / "input.json").write_text('{"count": 2}')
    monkeypatch.setattr("sys.stdin", io.StringIO('{"count": 1}'))
    assert place("run", flow, "--input", '{"count": 3}', "--json").json["output"] == 5
    assert place("run", flow, "--input", "@input.json", "--json").json["output"] == 1
    assert place("run", flow, "--input", "-", "--json").json["output"] == 0
    assert place("run", flow, "--input", '{"count": 3}', "count=2", "--json").json["output"] == 1


def test_after_kill_9_the_same_command_goes_on(place, flow):
    (place.folder / "hold").touch()
    process = place.spawn("run", flow, "--id", "tough")
    place.wait_until(lambda: 3 in place.runs and 4 in place.runs)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert place("show", "tough", "--json").json["status"] == "running"

    (place.folder / "hold").unlink()
    answer = place("run", flow, "--id", "tough")
    assert answer.code == 0
    assert "tough goes on where it was: 1 of 3 nodes and 3 items" in answer.out
    assert "\n  30\n" in answer.out
    assert sorted(place.runs) == [0, 1, 2, 2, 3, 3, 4, 4], "only what was under way is done again"


def test_ctrl_c_once_lets_what_runs_end(place, flow, interrupt):
    (place.folder / "hold").touch()
    process = place.spawn("run", flow, "count=7", "--id", "polite")
    place.wait_until(lambda: 3 in place.runs and 4 in place.runs)
    interrupt(process)
    seen = heard_until(process, "stopping:")
    (place.folder / "hold").unlink()
    seen += end_of(process)
    assert process.returncode == 130
    assert "waiting up to 30 s for 2 tasks that run" in seen
    assert "stopped; nothing is lost" in seen
    assert f"run {flow} --id polite" in seen
    assert sorted(place.runs) == [0, 1, 2, 2, 3, 4], "nothing new was begun"

    answer = place("run", flow, "--id", "polite")
    assert answer.code == 0
    assert sorted(place.runs) == [0, 1, 2, 2, 3, 4, 5, 6], "and nothing was done twice"


def test_ctrl_c_twice_stops_at_once(place, flow, interrupt):
    (place.folder / "hold").touch()
    process = place.spawn("run", flow, "--id", "rude")
    place.wait_until(lambda: 3 in place.runs and 4 in place.runs)
    interrupt(process)
    seen = heard_until(process, "stopping:")
    interrupt(process)
    seen += end_of(process)
    assert process.returncode == 130
    assert "stopped at once; nothing is lost" in seen

    (place.folder / "hold").unlink()
    answer = place("run", flow, "--id", "rude")
    assert answer.code == 0
    assert "\n  30\n" in answer.out


def test_what_was_started_waits_for_a_worker(place, flow):
    answer = place("start", flow, "count=3", "--id", "later")
    assert answer.code == 0
    assert "later has started" in answer.out
    assert place.runs == []
    assert "nobody works on it now" in place("show", "later").out
    assert place("worker", flow, "--until-idle", "--json").json == {"interrupted": False}
    assert place("show", "later", "--json").json["output"] == 5
    assert "later was there already, and is completed" in place("start", flow, "--id", "later").out


def test_an_instance_is_steered_while_another_process_runs_it(place, flow):
    (place.folder / "hold").touch()
    process = place.spawn("run", flow, "--id", "steered")
    place.wait_until(lambda: 3 in place.runs and 4 in place.runs)
    assert place("pause", "steered").code == 0
    assert place("resume", "steered", "--json").json == {
        "id": "steered", "command": "resume", "taken": True, "before": "paused", "status": "running",
    }  # fmt: skip
    assert place("cancel", "steered", "--reason", "enough").code == 0
    (place.folder / "hold").unlink()
    seen = end_of(process)
    assert process.returncode == 1
    assert "steered cancelled" in seen
    assert "enough" in seen


PREDICATE = """
from mainspring import Workflow, task

def is_wanted(number: int) -> bool:
    return number > 0

@task
def double(number: int) -> int:
    return 2 * number

doubles = Workflow("doubles")
doubles.output(doubles.add(double, doubles.input("number", int, 1), when=is_wanted))
"""


@pytest.mark.parametrize("arguments", [["pause"], ["cancel"], ["resume"], ["retry"], ["rerun", "double"]])
def test_a_request_that_is_left_to_others_is_told_as_such(place, flow, monkeypatch, arguments):
    place("start", flow, "--id", "far")
    monkeypatch.setattr(Instance, arguments[0], lambda *_: False)
    command, *rest = arguments
    answer = place(command, "far", *rest)
    assert answer.code == 0
    assert f"{command} of far is requested" in answer.out
    assert "a process that has the code of 'squares' must take it up: mainspring worker FILE" in answer.out
    assert "already" not in answer.out
    told = place(command, "far", *rest, "--json").json
    assert (told["taken"], told["status"]) == (False, "running")


def test_a_predicate_that_cannot_be_imported_leaves_the_request_to_a_process_that_has_it(place):
    (place.folder / "elsewhere").mkdir()
    (place.folder / "elsewhere" / "doubles_far.py").write_text(PREDICATE)
    end_of(place.spawn("start", "elsewhere/doubles_far.py", "--id", "far"))
    assert place("pause", "far", "--json").json["taken"] is False
    end_of(place.spawn("worker", "elsewhere/doubles_far.py", "--until-idle"))
    assert place("show", "far", "--json").json["status"] == "paused"


def test_a_worker_says_what_it_cannot_run(place, monkeypatch):
    (place.folder / "elsewhere").mkdir()
    (place.folder / "elsewhere" / "apart.py").write_text(PREDICATE.replace(", when=is_wanted", ""))
    end_of(place.spawn("start", "elsewhere/apart.py", "--id", "far"))

    class Brief(Session):
        """Ends after its first look."""

        def _tell_strangers(self, strangers, told, tell):
            super()._tell_strangers(strangers, told, tell)
            self._signals = len(told)

    monkeypatch.setattr("mainspring.cli.worker.Session", Brief)
    monkeypatch.setattr("mainspring.cli.session.LOOK_S", 0.1)
    monkeypatch.setattr("mainspring.cli.session.WAITED_LONG_S", 0.1)
    answer = place("worker")
    assert answer.code == 130
    assert "1 task waits for apart:double, which nobody takes; mainspring why far tells what keeps it" in answer.out


def test_targets_by_file_name_and_module(place, flow):
    module = flow.removesuffix(".py")
    assert load(flow) is load(f"{flow}:squares") is load(module) is load(f"{module}:squares")


@pytest.fixture
def slow_look(monkeypatch):
    """Nobody looks before the instance has ended."""
    of = Watch.of

    def late(looking, id):
        Instance.result(looking.get(id), timeout_s=PATIENCE_S)
        return of(looking, id)

    monkeypatch.setattr("mainspring.cli.session.Watch.of", late)


def test_a_failure_is_told_however_late_one_looks(place, flow, slow_look):
    answer = place("run", flow, "--id", "quick")
    assert answer.code == 0
    assert answer.out.count("parts/2 attempt 1: ConnectionError: no route to host, again in") == 1
    assert "✓" in answer.out
    assert "total completed" in answer.out


def test_what_failed_before_is_not_told_again(place, flow):
    place("run", flow, "--id", "twice")
    answer = place("run", flow, "--id", "twice")
    assert "attempt 1" not in answer.out


def test_what_is_gone_on_with_is_told_from_where_it_was(place, flow, slow_look):
    """The engine is at work before the first look."""
    place("start", flow, "--id", "later")
    answer = place("run", flow, "--id", "later")
    assert "later goes on where it was: 0 of 3 nodes are done" in answer.out
    assert answer.out.count("parts/2 attempt 1: ConnectionError") == 1
    assert "total completed" in answer.out
    assert "completed already" not in answer.out


FAMILY = """
from mainspring import Context, Retry, Workflow, task

@task(retries=Retry.fixed(1, 0.01))
def shaky(number: int, context: Context) -> int:
    if context.attempt == 1:
        raise ConnectionError("no route to host")
    return number

inner = Workflow("inner")
inner.output(inner.add(shaky, inner.input("number", int)))
outer = Workflow("outer")
outer.add(inner, number=1, key="single")
outer.map(inner, outer.input("numbers", list[int], [1, 2]), key="many")
"""


@pytest.mark.parametrize("start", [False, True])
def test_failures_within_workflows_of_the_workflow_are_told(place, start):
    target = f"nested_{start}.py:outer"
    (place.folder / f"nested_{start}.py").write_text(FAMILY)
    if start:
        place("start", target, "--id", "nest")
    answer = place("run", target, "--id", "nest")
    assert answer.code == 0
    for key in ("single/shaky", "many/0/shaky", "many/1/shaky"):
        assert answer.out.count(f"{key} attempt 1: ConnectionError: no route to host, again in") == 1


def test_failures_beyond_a_screenful_are_counted(place, flow, monkeypatch):
    monkeypatch.setattr("mainspring.cli.view.FAILURES_MAX", 2)
    (place.folder / "many_failures.py").write_text(FAMILY)
    answer = place("run", "many_failures.py:outer", "numbers=[1,2,3,4]", "--id", "nest")
    assert answer.out.count("attempt 1: ConnectionError") == 2
    assert answer.out.count("further failures are only counted here") == 1
    assert answer.out.count("3 more attempts failed") == 1


def test_a_worker_whose_store_is_gone_ends_and_says_so(place, flow):
    (place.folder / "hold").touch()
    process = place.spawn("worker", flow)
    place("start", flow, "--id", "first")
    place.wait_until(lambda: 3 in place.runs and 4 in place.runs)
    for file in place.folder.glob("mainspring.db*"):
        file.unlink()
    (place.folder / "hold").unlink()
    seen = end_of(process)
    assert process.returncode == StoreLostError.exit_code
    assert "was deleted or replaced" in seen
    assert "Traceback" not in seen
