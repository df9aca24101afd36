"""The outside judge of the checks at deploy: models that break a rule of BPMN 2.0, and models that do not.

Every miss is a row with its reason; a model that starts to be refused must leave the table.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mainspring import Process
from mainspring.errors import DefinitionInvalidError, Problem
from tests.models.process.conformance import LIST, SUITE, cases

MISSES = {
    "EXT053/EXT053_1_failure.bpmn": (
        "10.3.3: a script should tell its format; those of the 88 models that run do not either, and without one it "
        "is an expression in FEEL"
    ),
}
"""Models that break a rule and are taken all the same."""
NOT_RUN = frozenset(
    {"LoopTask_NegativeLoopMaximum.bpmn", "Token_CompletionQuantity_Zero.bpmn", "Token_StartQuantity_Zero.bpmn"}
)
"""Models of which the suite itself says that they may be refused: their cases expect an error."""
REJECTED, BEHAVING = 175, 88

pytestmark = pytest.mark.filterwarnings("ignore::mainspring.errors.DefinitionOddWarning")
here = pytest.mark.skipif(not LIST.exists(), reason=f"the suites are not here: there is no {LIST}")


def problems(file: Path) -> tuple[Problem, ...]:
    """What deploying it is refused for."""
    scripts = {"": lambda script: None}
    try:
        Process.from_bpmn(file, language="juel", scripts=scripts).deployable()
    except DefinitionInvalidError as error:
        return error.problems
    return ()


@here
def test_every_model_that_breaks_a_rule_is_refused_with_the_element_and_its_line():
    files = sorted((SUITE / "reject").glob("*/*.bpmn"))
    found = {f"{file.parent.name}/{file.name}": problems(file) for file in files}
    missed = {name for name, wrong in found.items() if not wrong}

    assert len(files) == REJECTED
    assert missed == MISSES.keys()
    for name, wrong in found.items():
        assert name in missed or any(
            "<" in each.message and each.place.rpartition(":")[2].isdecimal() for each in wrong
        )


@here
def test_no_model_that_can_run_is_refused():
    files = {case.file for case in cases()}
    refused = {file.name: wrong for file in files if (wrong := problems(file))}
    may_fail = {case.file.name for case in cases() if any(line.startswith("ERROR") for line in case.trace)}

    assert len(files) == BEHAVING
    assert may_fail >= NOT_RUN
    assert refused.keys() == NOT_RUN
