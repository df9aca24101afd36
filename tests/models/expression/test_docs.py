"""The examples of the documentation run."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from mainspring import feel
from mainspring.models.expression.builtins import builtin_names, find_builtin

DOCS = Path(__file__).parents[3] / "docs"
OPTIONS = doctest.IGNORE_EXCEPTION_DETAIL


@pytest.mark.parametrize("page", ["explanation/expressions.md", "reference/feel.md"])
def test_the_examples_of_a_page_run(page):
    results = doctest.testfile(str(DOCS / page), module_relative=False, optionflags=OPTIONS, encoding="utf-8")

    assert results.attempted > 5
    assert results.failed == 0


def test_the_examples_of_the_module_run():
    results = doctest.testmod(feel)

    assert results.attempted > 4
    assert results.failed == 0


def test_the_reference_names_every_public_name():
    text = (DOCS / "reference" / "feel.md").read_text(encoding="utf-8")

    missing = [name for name in feel.__all__ if name not in text and name != "LocatedWarning"]

    assert not missing


def test_the_reference_names_every_form_of_every_function():
    text = (DOCS / "reference" / "feel.md").read_text(encoding="utf-8")

    missing = [form for name in builtin_names() for form in forms(name) if f"`{form}`" not in text]

    assert not missing


def forms(name: str) -> list[str]:
    builtin = find_builtin(name)
    assert builtin is not None
    return [
        f"{name}({', '.join(each.name + '?' * each.optional + '…' * each.variadic for each in signature.parameters)})"
        for signature in builtin.signatures
    ]
