"""The outside judge: the W3C's SCXML tests, translated into FEEL, run in memory and durable.

Every miss is a row of `MISSES` with its reason; a case that starts to pass must leave the table.
"""

from __future__ import annotations

import pytest

from tests.models.machine.conformance import MANIFEST, automatic, durable_outcome, outcome

pytestmark = pytest.mark.filterwarnings("ignore::mainspring.errors.DefinitionOddWarning")  # cases are odd on purpose

HTTP = "C.2: the Basic HTTP Event I/O Processor is optional, and not offered: machines fetch and serve nothing"
XPATH = "5.9 and B.3 (2015 edition: dropped): the case is about nodes of XML, which FEEL does not have"
XML = "B.2.8: the case is about the DOM, which FEEL does not have; XML stays text"
TRUTHY = "5.9.1: a condition of FEEL is a boolean; a string in its place is an error"

MISSES = {
    **dict.fromkeys(("201", "509", "510", "518", "519", "520", "522", "531", "532", "534", "567"), HTTP),
    **dict.fromkeys(("463", "464", "466", "468", "470", "473", "474", "475", "476", "477", "478", "479", "480"), XPATH),
    **dict.fromkeys(("481", "482", "483", "537", "539", "542", "543", "545", "547", "555"), XPATH),
    **dict.fromkeys(("557", "561"), XML),
    "449": TRUTHY,
}
"""By the number of the case: the section of the standard (1 September 2015) that says why."""

MANDATORY_MIN = 155
OPTIONAL_MIN = 22

here = pytest.mark.skipif(not MANIFEST.exists(), reason=f"the suites are not here: there is no {MANIFEST}")


@here
@pytest.mark.parametrize(("conformance", "least"), [("mandatory", MANDATORY_MIN), ("optional", OPTIONAL_MIN)])
@pytest.mark.parametrize("run", [outcome, durable_outcome], ids=["in memory", "durable"])
def test_every_automatic_case_reaches_pass_or_is_explained(conformance, least, run):
    names = automatic(conformance)

    missed = {name.removeprefix("test"): found for name in names if (found := run(name)) != "pass"}

    assert len(names) - len(missed) >= least
    assert not missed.keys() - MISSES.keys(), {number: missed[number] for number in missed.keys() - MISSES.keys()}
    passing = {number for number in MISSES if f"test{number}" in names} - missed.keys()
    assert not passing, "these pass: take them out of MISSES"
