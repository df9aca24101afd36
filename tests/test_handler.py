"""Handlers: names, types, arguments, results."""

from __future__ import annotations

import dataclasses
import functools
import sys
import types
from collections.abc import Callable
from typing import Any

import pydantic
import pytest

from mainspring.errors import HandlerInvalidError, PayloadInvalidError, SettingInvalidError
from mainspring.handler import Handler, Options, module_name, task
from mainspring.handler_context import Context

HERE = __name__


@dataclasses.dataclass
class Page:
    url: str
    size: int = 0


class User(pydantic.BaseModel):
    name: str


@task(retries=3, timeout_s=30, requires=["gpu", "eu"])
def fetch(url: str, page: Page, user: User | None = None, times: int = 3) -> dict[str, int]:
    """Fetch a page."""
    return {url: page.size * times}


@task
async def clean(page: dict) -> list[str]:
    return list(page)


@task(isolation="process", name="crunch")
def crunch(number: int) -> int:
    return number


def everything(context: Context, first: int, /, second: int = 2, *more: int, last: str = "z", **rest: Page) -> None: ...


# --- Being a handler --------------------------------------------------------------------------


def test_it_is_still_the_function():
    assert fetch("a", Page("b", 2), times=4) == {"a": 8}
    assert fetch.__doc__ == "Fetch a page."
    assert fetch.__wrapped__ is fetch.function  # type: ignore[attr-defined]


def test_name_path_isolation_and_options():
    assert (fetch.name, fetch.path, fetch.isolation) == (f"{HERE}:fetch", f"{HERE}:fetch", "thread")
    assert fetch.options == Options(retries=3, timeout_s=30, requires="eu and gpu")
    assert clean.isolation == "async"
    assert (crunch.name, crunch.path, crunch.isolation) == ("crunch", f"{HERE}:crunch", "process")


def test_the_main_module_goes_by_the_name_others_import_it_under(monkeypatch):
    main = types.ModuleType("__main__")
    main.__spec__ = None
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert module_name("__main__") == "__main__"  # interactive: nobody else can import it
    main.__file__ = "/somewhere/report.py"
    assert module_name("__main__") == "report"
    main.__spec__ = types.SimpleNamespace(name="shop.jobs")  # type: ignore[assignment]
    assert module_name("__main__") == "shop.jobs"


class Counter:
    def add(self, number: int) -> int:
        return number

    @task
    def decorated(self, number: int) -> int:
        return number + 1

    async def __call__(self, number: int) -> int:
        return number


@pytest.mark.parametrize(
    ("function", "name", "isolation", "payload", "args"),
    [
        (lambda x: x, None, "thread", b'{"x":1}', [1]),
        (
            functools.partial(fetch, "a", times=4),
            "fetch('a', times=4)",
            "thread",
            b'{"page":{"url":"u"}}',
            [Page("u"), None],
        ),
        (functools.partial(clean), "clean()", "async", b'{"page":{}}', [{}]),
        (Counter().add, "Counter.add", "thread", b'{"number":1}', [1]),
        (Counter().decorated, "Counter.decorated", "thread", b'{"number":1}', [1]),
        (Counter(), "Counter()", "async", b'{"number":1}', [1]),
        (Page, "Page", "thread", b'{"url":"a"}', ["a", 0]),
    ],
)
def test_any_callable_can_be_a_handler(function, name, isolation, payload, args):
    handler = Handler.of(function)
    assert name is None or handler.name == f"{HERE}:{name}"
    assert handler.isolation == isolation
    assert list(handler.decode(payload)[0]) == args


def test_builtins_that_do_not_tell_their_parameters_take_anything():
    handler = Handler.of(max)
    assert handler.decode(b'{"*":[1,2]}') == ([1, 2], {})
    assert "its parameters are unknown" in handler.notes[0]


def test_two_lambdas_have_two_names():
    names = {
        Handler.of(lambda: 1).name,
        Handler.of(lambda: 2).name,
    }
    assert len(names) == 2


def test_of_a_handler_is_the_handler_and_a_name_makes_another():
    assert Handler.of(fetch) is fetch
    other = Handler.of(fetch, name="other")
    assert (other.name, other.path, other.options) == ("other", fetch.path, fetch.options)


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 201])
def test_names_are_short_and_printable(name):
    with pytest.raises(HandlerInvalidError, match="printable"):
        task(name=name)(print)


def yielding():
    yield 1


def takes_complex(number: complex, callback: Callable[[], None]) -> None: ...


def gives_complex() -> complex: ...  # type: ignore[empty-body]


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (yielding, {}, "yields; return one value"),
        (takes_complex, {}, "parameter 'number': JSON cannot carry complex; parameter 'callback': JSON cannot carry"),
        (gives_complex, {}, "what it returns: JSON cannot carry complex"),
        (clean.function, {"isolation": "thread"}, "is `async def`, which runs as 'async' or 'process'"),
        (fetch.function, {"isolation": "async"}, "is `def`, which runs as 'thread' or 'process'"),
        (lambda: 1, {"isolation": "process"}, "cannot run in a process of its own, which must be able to import it"),
        (functools.partial(fetch, "a"), {"isolation": "process"}, "define it with `def` at the top of a module"),
        (3, {}, "3 cannot be called"),
    ],
)
def test_what_cannot_be_a_handler_is_refused_at_once(function, options, message):
    with pytest.raises(HandlerInvalidError) as error:
        task(**options)(function)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retries": -1}, "retries must be a whole number from 0 or a Retry, not -1"),
        ({"retries": 1.5}, "retries"),
        ({"retries": True}, "retries"),
        ({"retries": None}, "retries"),
        ({"timeout_s": 0}, "timeout_s must be seconds above 0"),
        ({"timeout_s": "3"}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"deadline_s": -1}, "deadline_s"),
        ({"delay_s": -1}, "delay_s must be seconds from 0"),
        ({"priority": 1.5}, "priority must be a whole number"),
        ({"queue": ""}, "queue must be a name"),
        ({"isolation": "greenlet"}, "isolation is 'async', 'thread' or 'process'"),
        ({"retires": 3}, "@task: got an unexpected keyword argument 'retires'"),
    ],
)
def test_options_that_make_no_sense_are_refused_at_once(options, message):
    with pytest.raises(SettingInvalidError) as error:
        task(**options)(print)
    assert message in str(error.value)


# --- Annotations ------------------------------------------------------------------------------


def unresolved(first: Missing, second: int) -> Gone: ...  # type: ignore[name-defined]  # noqa: F821


def test_annotations_that_cannot_be_resolved_are_any_and_noted():
    handler = Handler.of(unresolved)
    assert handler.decode(b'{"first":[],"second":1}') == (([], 1), {})
    assert [note.split(" is taken")[0] for note in handler.notes] == [
        "annotation 'Missing' of 'first'",
        "annotation 'Gone' of 'return'",
    ]
    with pytest.raises(PayloadInvalidError, match="second"):
        handler.decode(b'{"first":1,"second":"two"}')


def with_a_default_of_its_own(number: int, connect: Callable[[], str] = str) -> str:
    return connect()


def test_a_parameter_json_cannot_carry_keeps_its_default():
    handler = Handler.of(with_a_default_of_its_own)
    args, kwargs = handler.decode(b'{"number":1}')
    assert (list(args), kwargs) == ([1, str], {})
    assert handler.check([], {"number": 1, "connect": 2}) == [
        "argument 'connect' cannot be given: JSON cannot carry its type"
    ]


# --- Arguments --------------------------------------------------------------------------------


def test_bind_gives_arguments_by_name():
    assert fetch.bind(["a"], {"page": 1}) == {"url": "a", "page": 1}
    assert Handler.of(everything).bind([1, 2, 3, 4], {"extra": 5}) == {"first": 1, "second": 2, "*": [3, 4], "extra": 5}


@pytest.mark.parametrize(
    ("args", "kwargs", "problems"),
    [
        ([], {}, ["missing arguments 'url', 'page'"]),
        (["a"], {}, ["missing argument 'page'"]),
        (["a", 1], {"ulr": 2}, ["unknown argument 'ulr', did you mean 'url'?"]),
        ([1, 2, 3, 4, 5], {}, ["takes 4 arguments by position, got 5"]),
        (["a", 1], {"url": 2}, ["argument 'url' is given twice"]),
    ],
)
def test_arguments_that_do_not_match_are_all_told(args, kwargs, problems):
    assert fetch.check(args, kwargs) == problems
    with pytest.raises(PayloadInvalidError, match=r"^handler 'tests.*:fetch': "):
        fetch.bind(args, kwargs)


def test_the_context_is_not_part_of_the_payload():
    assert Handler.of(everything).check([], {"context": 1}) == [
        "argument 'context' is filled when it runs",
        "missing argument 'first'",
    ]


def test_decode_fills_every_kind_of_parameter():
    handler, context = Handler.of(everything), Context("i", "k", 1, "h", lambda *_: None)
    payload = b'{"first":1,"*":[3,4],"last":"y","extra":{"url":"u"}}'
    args, kwargs = handler.decode(payload, context)
    assert list(args) == [context, 1, 2, 3, 4]
    assert kwargs == {"last": "y", "extra": Page("u")}


def test_decode_makes_the_declared_types():
    args, kwargs = fetch.decode(b'{"url":"a","page":{"url":"b","size":2},"user":{"name":"Ada"}}')
    assert tuple(args) == ("a", Page("b", 2), User(name="Ada"), 3)
    assert kwargs == {}


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b'{"url":1,"page":{"url":"b"}}', "Expected `str`, got `int` - at `$.url`"),
        (b'{"url":"a","page":{"url":"b","size":"big"}}', "Expected `int`, got `str` - at `$.page.size`"),
        (b'{"url":"a"}', "Object missing required field `page`"),
        (b'{"url":"a","page":{"url":"b"},"user":{}}', "name: Field required - at `$.user`"),
        (b'{"url":"a","page":{"url":"b"},"colour":1}', "Object contains unknown field `colour`"),
        (b"[]", "Expected `object`, got `array`"),
    ],
)
def test_a_payload_of_other_types_names_handler_and_field(payload, message):
    with pytest.raises(PayloadInvalidError, match=r"^input of handler 'tests.*:fetch': ") as error:
        fetch.decode(payload)
    assert message in str(error.value)


# --- Results ----------------------------------------------------------------------------------


def test_encode_checks_the_return_annotation():
    assert fetch.encode({"a": 1}) == b'{"a":1}'
    assert clean.encode(["a"]) == b'["a"]'
    assert Handler.of(everything).encode(None) == b"null"


@pytest.mark.parametrize(
    ("handler", "result", "message"),
    [
        (fetch, {"a": "b"}, "Expected `int`, got `str`"),
        (fetch, None, "Expected `object`, got `null`"),
        (clean, [1], "Expected `str`, got `int` - at `$[0]`"),
        (clean, (one for one in "ab"), "a generator is not a value; make a list of it"),
        (Handler.of(everything), 3, "Expected `null`, got `int`"),
        (Handler.of(lambda: None), {"a": object()}, "JSON cannot carry object - at `$.a`"),
    ],
)
def test_a_result_of_another_type_names_handler_and_field(handler, result, message):
    with pytest.raises(PayloadInvalidError, match=r"^output of handler 'tests") as error:
        handler.encode(result)
    assert message in str(error.value)


def test_too_large_a_result_is_refused():
    with pytest.raises(PayloadInvalidError, match="more than the 10 allowed"):
        clean.encode(["x" * 10], bytes_max=10)


def gives_user() -> User: ...  # type: ignore[empty-body]


def test_models_are_results_too():
    handler: Any = Handler.of(gives_user)
    assert handler.encode(User(name="Ada")) == handler.encode({"name": "Ada"}) == b'{"name":"Ada"}'
    with pytest.raises(PayloadInvalidError, match="name: Field required"):
        handler.encode({})
