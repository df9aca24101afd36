"""The registry: what was added, what can be imported, and what is missing."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from mainspring.errors import HandlerInvalidError, HandlerUnknownError
from mainspring.handler import task
from mainspring.runtime.handlers import Handlers

HERE = __name__


@task
async def fetch() -> None: ...


@task(name="other name")
def renamed() -> None: ...


def plain() -> None: ...


class Group:
    @staticmethod
    def inner() -> None: ...


NOT_CALLABLE = 3


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


def test_what_was_added_is_found(handlers):
    added = handlers.add(renamed)
    assert handlers.get("other name") is added is renamed
    assert handlers.pool("other name") == "thread"
    assert handlers.add(plain, "short").name == "short"
    assert handlers.names() == ["other name", "short"]


@pytest.mark.parametrize(
    ("name", "pool"),
    [("fetch", "async"), ("renamed", "thread"), ("plain", "thread"), ("Group.inner", "thread")],
)
def test_what_can_be_imported_is_found(handlers, name, pool):
    assert handlers.pool(f"{HERE}:{name}") == pool
    assert handlers.get(f"{HERE}:{name}") is handlers.get(f"{HERE}:{name}")


def test_the_standard_library_is_found(handlers):
    assert handlers.get("math:sqrt").function(9) == 3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nothing", "no handler was added under that name, and it is not of the form module:name"),
        (":fetch", "not of the form module:name"),
        ("no_such_package.jobs:run", "there is no module 'no_such_package' here"),
        ("json.no_such_module:run", "there is no module 'json.no_such_module' here"),
        ("json:no_such_name", "module 'json' has no 'no_such_name'"),
        (f"{HERE}:test.<locals>.run", "it was defined inside a function, so it must be added here"),
        (f"{HERE}:NOT_CALLABLE", "it is 3, which cannot be called"),
    ],
)
def test_what_is_missing_is_said(handlers, name, reason):
    with pytest.raises(HandlerUnknownError) as error:
        handlers.get(name)
    assert reason in str(error.value)
    assert handlers.find(name) is None
    assert handlers.pool(name) is None


def test_what_cannot_be_a_handler_is_not_offered(handlers):
    with pytest.raises(HandlerInvalidError, match="JSON cannot carry"):
        handlers.get(f"{HERE}:Group")
    assert handlers.pool(f"{HERE}:Group") is None


def test_a_module_that_cannot_be_imported_says_why(handlers, tmp_path, monkeypatch):
    (tmp_path / "broken_jobs.py").write_text("1 / 0")
    (tmp_path / "leaving_jobs.py").write_text("raise SystemExit(3)")
    (tmp_path / "needy_jobs.py").write_text("import no_such_library")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(HandlerUnknownError, match="importing 'broken_jobs' failed: ZeroDivisionError"):
        handlers.get("broken_jobs:run")
    with pytest.raises(HandlerUnknownError, match="importing 'leaving_jobs' failed: SystemExit: 3"):
        handlers.get("leaving_jobs:run")
    with pytest.raises(HandlerUnknownError, match="module 'needy_jobs' needs 'no_such_library'"):
        handlers.get("needy_jobs:run")


def test_a_handler_that_was_missing_is_offered_once_it_is_added(handlers):
    assert handlers.pool("later") is None
    handlers.add(plain, "later")
    assert handlers.pool("later") == "thread"


def test_the_running_script_is_not_imported_a_second_time(handlers, monkeypatch):
    main = type(sys)("__main__")
    main.__spec__ = None
    main.__file__ = "/somewhere/no_such_script.py"
    main.__dict__["run"] = plain
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert handlers.get("no_such_script:run").function is plain


# --- Two of one name --------------------------------------------------------------------------


def make(number: int) -> Callable[[], int]:
    def made() -> int:
        return number

    return made


def test_two_closures_of_one_name_are_refused(handlers):
    handlers.add(make(1))
    handlers.add(make(1))
    with pytest.raises(HandlerInvalidError, match="two different callables are both called"):
        handlers.add(make(2))
    assert handlers.add(make(2), "another").function() == 2


def test_two_methods_of_one_name_are_refused(handlers):
    class Shop:
        def sell(self) -> None: ...

    first = Shop()
    handlers.add(first.sell)
    handlers.add(first.sell)
    with pytest.raises(HandlerInvalidError, match="both called"):
        handlers.add(Shop().sell)


def test_a_name_that_was_given_replaces(handlers):
    handlers.add(make(1), "number")
    assert handlers.add(make(2), "number").function() == 2
    assert handlers.get("number").function() == 2
