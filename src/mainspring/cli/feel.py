"""`mainspring feel`: what an expression comes to."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from msgspec import Raw

from mainspring import feel
from mainspring.cli.load import read_input
from mainspring.cli.output import Output, paint
from mainspring.cli.parser import Options, Parser
from mainspring.cli.values import parse_word


def arguments(parser: Parser) -> None:
    parser.add_argument("expression", metavar="EXPRESSION", help="in FEEL, the language of conditions")
    parser.add_argument(
        "words", metavar="name=value", nargs="*", default=[], help="an input; JSON where it is JSON, else text"
    )
    parser.add_argument(
        "--with", dest="inputs", metavar="JSON", help="all inputs as one JSON object; @FILE reads it, - standard input"
    )
    parser.add_argument(
        "--unary", metavar="VALUE", help="the expression is unary tests, such as `[1..10), > 100`; does VALUE pass?"
    )
    parser.add_argument("--tree", action="store_true", help="how it was read, one node a line, before the value")
    parser.add_argument("--strict", action="store_true", help="what would be null with a warning is an error")
    parser.add_argument("--language", metavar="NAME", default="feel", help="feel, or juel for ${…}; default feel")
    parser.note = (
        "Warnings stand on standard error, each with its place. An expression that cannot be read has exit code 2. "
        "Conditions of workflows are strict."
    )
    parser.examples = [
        ("mainspring feel 'amount > limit' amount=5 limit=3", "true"),
        ("mainspring feel 'sum(for x in xs return x * rate)' --with @input.json", "inputs from a file"),
        ("mainspring feel '[1..10), > 100' --unary 42", "false"),
    ]


def perform(options: Options, output: Output) -> int:
    inputs = read_input(None, options.inputs, options.words, option="--with")
    expression, result = _evaluate(options, inputs, output)
    text = feel.to_text(result.value)
    if output.is_json:
        warnings = [{"message": one.message, "line": one.line, "column": one.column} for one in result.warnings]
        told: dict[str, Any] = {"value": _as_json(result.value), "text": text, "warnings": warnings}
        output.json(told | ({"tree": expression.outline().splitlines()} if options.tree else {}))
        return 0
    _warn(result.warnings, output)
    output.line(text)
    return 0


def _evaluate(options: Options, inputs: dict[str, object], output: Output) -> tuple[feel.Expression, feel.Result]:
    if options.unary is not None:
        tests = feel.unary(options.expression, strict=options.strict, names=_names(inputs))
        _show_tree(tests, options, output)
        return tests, tests.evaluate(parse_word(options.unary), inputs)
    expression = feel.compile(
        options.expression, strict=options.strict, language=options.language, names=_names(inputs)
    )
    _show_tree(expression, options, output)
    return expression, expression.evaluate(inputs)


def _names(inputs: dict[str, object]) -> set[str]:
    """The names of the inputs and of all entries in them, so that `order.line-items` is no subtraction."""
    names: set[str] = set()
    waiting: list[object] = [inputs]
    while waiting:
        match waiting.pop():
            case dict() as entries:
                names.update(entries)
                waiting.extend(entries.values())
            case list() as items:
                waiting.extend(items)
    return names


def _show_tree(expression: feel.Expression, options: Options, output: Output) -> None:
    if options.tree and not output.is_json:
        output.line(paint(expression.outline(), "quiet", output))


def _warn(warnings: Iterable[feel.LocatedWarning], output: Output) -> None:
    for warning in warnings:
        head = paint("warning:", "cancelled", output, error=True)
        print(f"{head} {warning}\n{warning.excerpt()}", file=sys.stderr)


def _as_json(value: object) -> object:
    """Numbers with all their digits, and what JSON does not know as its text."""
    match value:
        case None | bool() | str() | int():
            return value
        case Decimal():
            return Raw(str(value).encode())
        case list():
            return [_as_json(item) for item in value]
        case dict():
            return {key: _as_json(item) for key, item in value.items()}
        case _:
            return feel.to_text(value)
