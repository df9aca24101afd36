"""Handlers: the user's callables, and what must be known to run them from a stored name and a JSON payload.

    @task(retries=3, timeout_s=30)
    def fetch(url: str) -> dict: ...

    fetch("https://…")                  # still the function
    fetch.name                          # "module:fetch", what definitions store
    fetch.decode(b'{"url": "…"}')       # what a worker calls it with

A payload is a JSON object: the arguments by parameter name, those for `*args` in a list under `*`.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Generic, Literal, ParamSpec, TypeVar, cast, get_args, overload

from mainspring import codec
from mainspring.errors import HandlerInvalidError, PayloadInvalidError, SettingInvalidError
from mainspring.handler_context import Context
from mainspring.signature import Signature
from mainspring.transaction import Transaction

P = ParamSpec("P")
R = TypeVar("R")

Isolation = Literal["async", "thread", "process"]
Executor = Literal["dask", "ray"]
EXECUTORS: tuple[str, ...] = get_args(Executor)
"""Kinds of clusters that a worker may hand attempts to."""

NAME_LENGTH_MAX = 200
"""A name is stored with every task; the arguments of a partial could make it endless."""


# --- What a user says about a task ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Options:
    """How a handler wants to be run, where the definition does not say otherwise."""

    retries: Any = 0
    """How often to try again after a failure, or a `Retry`."""
    timeout_s: float | None = None
    """Per attempt."""
    deadline_s: float | None = None
    """For all attempts together, waiting included."""
    priority: int = 0
    """Higher runs first."""
    delay_s: float = 0.0
    """Waits this long before the first attempt."""
    queue: str = "default"
    requires: str = ""
    """What the labels of a worker must be, as an expression over them."""
    memory_max_mb: float | None = None
    """What an attempt in a process of its own may take, besides what that process has before."""
    executor: str = ""
    """The cluster that computes it; empty: the worker itself does."""

    def __post_init__(self) -> None:
        problem = _option_problem(self)
        if problem:
            raise SettingInvalidError(problem)


def _option_problem(options: Options) -> str:
    """The first thing that makes no sense."""
    retries = options.retries
    if isinstance(retries, bool | float | str | None) or (isinstance(retries, int) and retries < 0):
        return f"retries must be a whole number from 0 or a Retry, not {retries!r}"
    for name, unit in (("timeout_s", "seconds"), ("deadline_s", "seconds"), ("memory_max_mb", "megabytes")):
        value = getattr(options, name)
        if value is not None and not (_is_number(value) and 0 < value < float("inf")):
            return f"{name} must be {unit} above 0, or None for no limit, not {value!r}"
    if not (_is_number(options.delay_s) and 0 <= options.delay_s < float("inf")):
        return f"delay_s must be seconds from 0, not {options.delay_s!r}"
    if isinstance(options.priority, bool) or not isinstance(options.priority, int):
        return f"priority must be a whole number, not {options.priority!r}"
    if not options.queue or not isinstance(options.queue, str):
        return f"queue must be a name, not {options.queue!r}"
    return executor_problem(options.executor)


def executor_problem(executor: Any) -> str:
    """What is wrong with the name of an executor; empty: nothing, or none was given."""
    if executor == "" or executor in EXECUTORS:
        return ""
    return f"executor must be {' or '.join(map(repr, EXECUTORS))}, or none, not {executor!r:.60}"


def memory_problem(handler: Handler[..., Any], memory_max_mb: float | None, executor: str = "") -> str:
    """Why the memory of its attempts cannot be limited; empty: it can, or need not."""
    if memory_max_mb is None or (executor or handler.pool) == "process":
        return ""
    return f'{handler.where}: memory_max_mb takes effect with isolation="process" only'


def requirement_of(labels: str | Iterable[str]) -> str:
    """What a worker's labels must be, in the one spelling that is stored; of several labels each."""
    return labels.strip() if isinstance(labels, str) else " and ".join(sorted({*map(str.strip, labels)} - {""}))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


GIVEN = {Context: lambda context: context, Transaction: lambda context: context.transaction}
"""What parameters of these types get when an attempt begins."""

# --- The decorator ----------------------------------------------------------------------------


@overload
def task(function: Callable[P, R], /) -> Handler[P, R]: ...
@overload
def task(
    function: None = None,
    /,
    *,
    name: str | None = None,
    isolation: Isolation | None = None,
    retries: Any = 0,
    timeout_s: float | None = None,
    deadline_s: float | None = None,
    priority: int = 0,
    delay_s: float = 0.0,
    queue: str = "default",
    requires: str | Iterable[str] = "",
    memory_max_mb: float | None = None,
    executor: Executor | None = None,
) -> Callable[[Callable[P, R]], Handler[P, R]]: ...
def task(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    isolation: Isolation | None = None,
    requires: str | Iterable[str] = "",
    executor: Executor | None = None,
    **options: Any,
) -> Any:
    """Make a function a handler; it can still be called as before.

    `async def` runs on the worker's event loop, `def` in a thread, `isolation="process"` in a process that can be
    killed, `executor="dask"` or `"ray"` on a cluster that the worker is connected to.  Raises `SettingInvalidError` for
    options and `HandlerInvalidError` for functions that cannot work.
    """
    try:
        chosen = Options(requires=requirement_of(requires), executor=executor or "", **options)
    except TypeError as error:
        raise SettingInvalidError(f"@task: {str(error).removeprefix('Options.__init__() ')}") from None

    def decorate(function: Callable[P, R]) -> Handler[P, R]:
        return Handler(function, name=name, isolation=isolation, options=chosen)

    return decorate if function is None else decorate(function)


class Handler(Generic[P, R]):
    """A callable with a name, a way to run it, and types for what goes in and comes out."""

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        isolation: Isolation | None = None,
        options: Options | None = None,
    ) -> None:
        if not callable(function):
            raise HandlerInvalidError(f"{function!r} cannot be called, so it cannot be a handler")
        functools.update_wrapper(self, function)
        self.function = function
        self.path = path_of(function)
        """`module:qualname`, where Python finds it; the name, unless another was given."""
        self.name = _checked_name(name) if name is not None else self.path
        self.where = f"handler {self.name!r}"
        """How errors call it."""
        self.is_async = _is_async(function)
        self.isolation: Isolation = _isolation(self.where, function, isolation)
        self.options = options or Options()
        if self.options.executor:
            if isolation == "process":
                raise HandlerInvalidError(f'{self.where}: choose one of isolation="process" and executor')
            _check_importable(self.where, function, f"on {self.options.executor}")
        self.pool: str = self.options.executor or self.isolation
        """Whose slots it fills, where its task says nothing else."""
        if problem := memory_problem(self, self.options.memory_max_mb):
            raise HandlerInvalidError(problem)
        self.signature = Signature(function, self.where, GIVEN)
        self.is_transactional = Transaction in self.signature.given.values()
        """Whether it asks for a transaction that commits with the completion of its task."""
        if self.is_transactional and self.pool != "thread":
            raise HandlerInvalidError(
                f"{self.where} asks for a transaction, which handlers in threads can have, and it runs as"
                f" {self.pool!r}; use `def`, without isolation and executor"
            )
        # Their own, for each attempt passes here twice.
        self.decode = self.signature.decode
        """What to call the function with, from a payload; a context goes to the parameter annotated so."""
        self.encode = self.signature.encode
        """A result as JSON, checked against the return annotation; raises `PayloadInvalidError`."""
        self.input_type = self.signature.input_type
        """A msgspec Struct with a field for each parameter that a payload may name."""
        self.output_type = self.signature.output_type

    @staticmethod
    def of(function: Callable[P, R], name: str | None = None) -> Handler[P, R]:
        """The handler itself, or one made of any callable: a function, lambda, partial, bound method, instance."""
        if isinstance(function, Handler):
            handler = cast("Handler[P, R]", function)
            return handler if name is None else handler.named(name)
        return Handler(function, name=name)

    def named(self, name: str) -> Handler[P, R]:
        """The same under another name."""
        return Handler(self.function, name=name, isolation=self.isolation, options=self.options)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """A handler in a class body is a method like any other."""
        if owner is None:
            return self
        method = types.MethodType(self.function, owner)
        return Handler(method, isolation=self.isolation, options=self.options)

    def __repr__(self) -> str:
        return f"<handler {self.name} ({self.pool})>"

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd but no error, such as annotations that cannot be resolved."""
        return self.signature.notes

    def check(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> list[str]:
        """All that is wrong with calling the handler so; only names and counts are looked at."""
        return self.signature.check(args, kwargs or {})

    def bind(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Arguments by parameter name, as a payload has them; raises `PayloadInvalidError` with all problems."""
        problems = self.check(args, kwargs)
        if problems:
            raise PayloadInvalidError(self.where, "; ".join(problems))
        return self.signature.bind(args, kwargs or {})

    def payload(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> bytes:
        """Arguments as JSON, checked against the annotations; raises `PayloadInvalidError`."""
        bound = None if kwargs else self.signature.bound(args)
        payload = codec.encode(self.bind(args, kwargs) if bound is None else bound, self.where)
        self.signature.probe(payload)
        return payload


# --- Names ------------------------------------------------------------------------------------


def path_of(function: Callable[..., Any]) -> str:
    """`module:qualname` of a callable; what no import leads to gets a name that tells so (`<lambda>:12`, `f(2)`)."""
    if isinstance(function, functools.partial):
        given = [repr(value) for value in function.args]
        given += [f"{name}={value!r}" for name, value in function.keywords.items()]
        return f"{path_of(function.func)}({', '.join(given)})"[:NAME_LENGTH_MAX]
    if not hasattr(function, "__qualname__"):
        kind = type(function)
        return f"{module_name(kind.__module__)}:{kind.__qualname__}()"
    path = f"{module_name(function.__module__)}:{function.__qualname__}"
    if function.__name__ == "<lambda>" and isinstance(function, types.FunctionType):
        path += f":{function.__code__.co_firstlineno}"
    return path


def module_name(name: str | None) -> str:
    """The name under which another process can import a module, which `__main__` has never."""
    if name != "__main__":
        return name or "builtins"
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:  # python -m package.module
        return str(spec.name)
    file = getattr(main, "__file__", None)
    return PurePath(file).stem if file else "__main__"


def _checked_name(name: str) -> str:
    if not name.strip() or len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise HandlerInvalidError(f"a handler's name is 1 to {NAME_LENGTH_MAX} printable characters, not {name!r:.80}")
    return name


# --- Ways to run ------------------------------------------------------------------------------


def _is_async(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine, also through partials and instances with `async def __call__`."""
    while isinstance(function, functools.partial | Handler):
        function = function.func if isinstance(function, functools.partial) else function.function
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _check_importable(where: str, function: Callable[..., Any], place: str) -> None:
    """Another process has nothing but the name."""
    path = path_of(function)
    if "<" in path or "(" in path or inspect.ismethod(function) or path.startswith("__main__:"):
        raise HandlerInvalidError(
            f"{where} cannot run {place}, which must be able to import it as {path!r}; "
            "define it with `def` at the top of a module"
        )


def _isolation(where: str, function: Callable[..., Any], wanted: str | None) -> Isolation:
    """Where it runs: what was asked for if that is possible, or what its `def` says."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise HandlerInvalidError(f"{where} yields; return one value, such as a list")
    natural: Isolation = "async" if _is_async(function) else "thread"
    if wanted is None or wanted == natural:
        return natural
    if wanted == "process":
        _check_importable(where, function, "in a process of its own")
        return "process"
    if wanted in ("async", "thread"):
        kind = "async def" if natural == "async" else "def"
        raise HandlerInvalidError(f"{where} is `{kind}`, which runs as {natural!r} or 'process', not as {wanted!r}")
    raise SettingInvalidError(f"isolation is 'async', 'thread' or 'process', not {wanted!r}")
