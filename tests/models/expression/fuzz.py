"""Fuzzing by coverage: whatever bytes come in, only an ExpressionError comes out.

    pip install atheris
    python tests/models/expression/fuzz.py [corpus folder] [-max_total_time=3600]

The kit's literals, one in a file, are a good corpus to begin with. An input that breaks a law is written to
`crash-…`; put it into `test_laws.py` as an example before mending what it found.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "src"))

atheris = import_module("atheris")  # not among the project's own tools, so no type checker knows it

with atheris.instrument_imports(include=["mainspring.models.expression"]):
    from mainspring import feel

LIMITS = feel.Limits(steps_max=20_000)
INPUTS = {"a": 7, "b": 2.5, "xs": [3, 1, 2.5, None], "c": {"a": 1, "x": [1]}, "s": "abc"}


def one_input(data: bytes) -> None:
    """Compile and evaluate it in every way; print what FEEL can read and read it again."""
    text = data.decode("utf-8", "ignore")
    for strict in (False, True):
        for language in ("feel", "juel"):
            try:
                expression = feel.compile(text, strict=strict, language=language, limits=LIMITS)
                repr(expression.evaluate(INPUTS))
                if language == "feel":
                    assert feel.compile(expression.to_text(), limits=LIMITS).tree == expression.tree
            except feel.ExpressionError as error:
                str(error)
    try:
        feel.unary(text, limits=LIMITS)(5, INPUTS)
    except feel.ExpressionError as error:
        str(error)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
