"""Choices, loops, quantifiers, tests and functions."""

from __future__ import annotations

from collections.abc import Callable

from mainspring.models.expression import tree
from mainspring.models.expression.compiler.operators import not_boolean
from mainspring.models.expression.compiler.scope import PARTIAL, TESTED, Scope
from mainspring.models.expression.conformance import check_type, coerced, conforms
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.functions import Defined, Native, call_fitting, invoke
from mainspring.models.expression.loops import elements, steps_between
from mainspring.models.expression.ranges import passes
from mainspring.models.expression.runtime import STOPS, Code, Frame, Plan, Run, report, running

Source = Callable[[Frame], list[object]]
Start = tuple[int, Source, int]
Fill = Callable[[Frame, list[object]], None]
Check = Callable[[Run, object], object]


def choice(node: tree.If, scope: Scope) -> Code:
    """`if`; a condition that is not true takes the `else` part (section 10.3.2.11)."""
    condition, then, otherwise = scope.code(node.condition), scope.code(node.then), scope.code(node.otherwise)
    plan, at = scope.plan, node.at

    def evaluate(frame: Frame) -> object:
        value = condition(frame)
        if value is True:
            return then(frame)
        if value is not False and (value is not None or plan.strict):
            report(frame, plan, at, not_boolean("if", value))
        return otherwise(frame)

    return evaluate


def loop(node: tree.For, scope: Scope) -> Code:
    """`for`: the results of the body in one list, which the body sees as `partial`."""
    found = _iterators(node.iterators, scope)
    made = scope.push(PARTIAL)
    scope.growing.add(made)
    body = scope.code(node.body)
    scope.pop(len(found) + 1)
    starts = _paid(found, scope)
    uses_partial = mentions(node.body, PARTIAL)
    fill = _filling(starts, body, grows=uses_partial)
    plan, at = scope.plan, node.at

    def evaluate(frame: Frame) -> object:
        results: list[object] = []
        if uses_partial:
            frame[made] = results
        try:
            fill(frame, results)
        except STOPS as fault:
            return report(frame, plan, at, fault)
        return results

    return evaluate


def mentions(node: tree.Node, name: str) -> bool:
    """Whether a name occurs somewhere below a node."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if isinstance(found, tree.Name) and found.name == name:
            return True
        waiting.extend(tree.children(found))
    return False


def _iterators(iterators: tuple[tree.Iterator, ...], scope: Scope) -> list[Start]:
    """The slot of each loop's name, its elements, and the nodes before its body; later iterators see earlier names."""
    starts: list[Start] = []
    for each in iterators:
        source = _elements_of(each, scope)
        starts.append((scope.push(each.name), source, scope.node_count))
    return starts


def _paid(starts: list[Start], scope: Scope) -> list[tuple[int, Source]]:
    """The same once the body is compiled: for each element, all that is evaluated for it is paid as well."""
    return [(slot, _paying(source, scope.steps_since(count), scope.plan)) for slot, source, count in starts]


def _paying(source: Source, steps: int, plan: Plan) -> Source:
    if not steps:
        return source

    def evaluate(frame: Frame) -> list[object]:
        values = source(frame)
        running(frame, plan).spend(steps * len(values))
        return values

    return evaluate


def _elements_of(iterator: tree.Iterator, scope: Scope) -> Source:
    """The elements that an iterator runs over, paid for in advance."""
    source, plan = scope.code(iterator.source), scope.plan
    if iterator.end is None:
        return lambda frame: elements(source(frame), running(frame, plan))
    end = scope.code(iterator.end)
    return lambda frame: steps_between(source(frame), end(frame), running(frame, plan))


def _filling(starts: list[tuple[int, Source]], body: Code, *, grows: bool) -> Fill:
    """The nested loops, from the innermost outwards; `grows` when the body looks at the results so far."""
    slot, source = starts[-1]

    def one_by_one(frame: Frame, results: list[object]) -> None:
        for value in source(frame):
            frame[slot] = value
            results.append(body(frame))

    def at_once(frame: Frame, results: list[object]) -> None:
        # The target of a loop may be a place in a list; this is a third faster than appending.
        results += [body(frame) for frame[slot] in source(frame)]

    fill: Fill = one_by_one if grows else at_once
    for outer in reversed(starts[:-1]):
        fill = _around(fill, *outer)
    return fill


def _around(inner: Fill, slot: int, source: Source) -> Fill:
    def fill(frame: Frame, results: list[object]) -> None:
        for value in source(frame):
            frame[slot] = value
            inner(frame, results)

    return fill


def quantified(node: tree.Quantified, scope: Scope) -> Code:
    """`some` and `every`: a chain of `or` and of `and` over all combinations (section 10.3.2.13)."""
    found = _iterators(node.iterators, scope)
    condition = scope.code(node.condition)
    scope.pop(len(found))
    starts = _paid(found, scope)
    decisive, plan, at = node.quantifier == "some", scope.plan, node.at

    def search(frame: Frame, depth: int) -> bool | None:
        slot, source = starts[depth]
        result: bool | None = not decisive
        for element in source(frame):
            frame[slot] = element
            value = condition(frame) if depth + 1 == len(starts) else search(frame, depth + 1)
            if value is decisive:
                return decisive
            if value is not result:
                result = None
                if value is not None and type(value) is not bool:
                    report(frame, plan, at, not_boolean("satisfies", value))
        return result

    def evaluate(frame: Frame) -> object:
        try:
            return search(frame, 0)
        except STOPS as fault:
            return report(frame, plan, at, fault)

    return evaluate


def within(node: tree.In, scope: Scope) -> Code:
    """`in`: true when one test passes, null when none does but one cannot be told."""
    value = scope.code(node.value)
    tested = scope.push(TESTED)
    test = any_test(node.tests, tested, node.at, scope)
    scope.pop()

    def evaluate(frame: Frame) -> object:
        frame[tested] = value(frame)
        return test(frame)

    return evaluate


def unary(node: tree.Tests, scope: Scope) -> Code:
    """Unary tests of the value in the first slot."""
    tested = scope.push(TESTED)
    test = any_test(node.tests, tested, node.at, scope) if node.tests else _always
    if not node.negated:
        return test

    def evaluate(frame: Frame) -> object:
        passed = test(frame)
        return None if passed is None else not passed

    return evaluate


def _always(_: Frame) -> object:
    return True


def any_test(tests: tuple[tree.Node, ...], tested: int, at: int, scope: Scope) -> Code:
    """Whether one of the tests passes; one that speaks of `?` passes when it is true."""
    plan = scope.plan
    codes = [(scope.code(test), test.at, mentions(test, TESTED)) for test in tests]

    def evaluate(frame: Frame) -> object:
        value = frame[tested]
        failed: list[tuple[int, Fault]] = []
        for code, place, is_condition in codes:
            test = code(frame)
            try:
                passed = _condition(test) if is_condition else passes(value, test, running(frame, plan))
            except Fault as fault:
                failed.append((at if len(codes) == 1 else place, fault))
                continue
            if passed:
                return True
        for place, failure in failed:
            report(frame, plan, place, failure)
        return None if failed else False

    return evaluate


def _condition(value: object) -> bool:
    if type(value) is not bool:
        raise not_boolean("a test with ?", value)
    return value


def instance_of(node: tree.InstanceOf, scope: Scope) -> Code:
    """Whether a value conforms to a type."""
    value, type_, plan = scope.code(node.value), node.type, scope.plan
    try:
        check_type(type_)
    except Fault as fault:
        return scope.failing(type_.at, fault)
    at = node.at

    def evaluate(frame: Frame) -> object:
        try:
            return conforms(running(frame, plan), value(frame), type_)
        except STOPS as fault:
            return report(frame, plan, at, fault)

    return evaluate


def definition(node: tree.Lambda, scope: Scope) -> Code:
    """A function that sees the names around it as they are when it is defined."""
    checks = tuple(map(_check, node.parameters))
    slots = tuple(scope.push(parameter.name) for parameter in node.parameters)
    count = scope.node_count
    body = scope.code(node.body)
    scope.pop(len(slots))
    plan, steps = scope.plan, scope.steps_since(count)

    def evaluate(frame: Frame) -> object:
        running(frame, plan).spend(len(frame))
        return Defined(node, slots=slots, checks=checks, body=body, frame=frame.copy(), steps=steps)

    return evaluate


def _check(parameter: tree.Parameter) -> Check | None:
    type_, name = parameter.type, parameter.name
    if type_ is None:
        return None
    return lambda run, value: coerced(run, value, type_, name)


def call(node: tree.Call, scope: Scope) -> Code:
    """A call: a built-in function's form is chosen now, any other function is known when it is called."""
    arguments = tuple(map(scope.code, node.arguments))
    builtin = scope.builtin(node.function.name) if isinstance(node.function, tree.Name) else None
    if builtin is None:
        return _call_value(node, scope, arguments)
    return _call_builtin(node, builtin, scope, arguments)


def _call_builtin(node: tree.Call, builtin: Native, scope: Scope, arguments: tuple[Code, ...]) -> Code:
    plan, at = scope.plan, node.function.at
    try:
        fitting = builtin.fitting(len(arguments), node.names)
    except Fault as fault:
        return scope.failing(at, fault)

    def evaluate(frame: Frame) -> object:
        values = [argument(frame) for argument in arguments]
        try:
            return call_fitting(running(frame, plan), fitting, values)
        except STOPS as fault:
            return report(frame, plan, at, fault)

    return evaluate


def _call_value(node: tree.Call, scope: Scope, arguments: tuple[Code, ...]) -> Code:
    function, names, plan, at = scope.code(node.function), node.names, scope.plan, node.at

    def evaluate(frame: Frame) -> object:
        called = function(frame)
        values = [argument(frame) for argument in arguments]
        run = running(frame, plan)
        try:
            if names and isinstance(called, Defined):
                values = called.arrange(names, values)
            elif names and isinstance(called, Native):
                return call_fitting(run, called.fitting(len(values), names), values)
            return invoke(run, called, values)
        except STOPS as fault:
            return report(frame, plan, at, fault)

    return evaluate
