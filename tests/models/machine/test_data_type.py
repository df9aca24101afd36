"""Data with types: what is refused, and what comes back from a store as it was."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from mainspring import Machine, State, StateMachine
from mainspring.errors import DefinitionInvalidError, InstanceFailedError, MachineFailedError, PayloadInvalidError
from mainspring.models.machine.data_type import type_of_annotation
from mainspring.testing import Simulation


class Loan(StateMachine):
    amount: int = 0
    due: date | None = None
    notes: list[str] = []
    rate: Decimal = Decimal("0.5")

    lent, late, paid = State(), State(), State(final=True)
    remind = lent.to(late, when='due < date("2026-12-01")')
    lend = lent.to(do={"do": "assign", "location": "amount", "value": {"expression": "more"}})
    defer = lent.to(do={"do": "assign", "location": "due", "value": {"expression": 'due + duration("P30D")'}})
    spoil = lent.to(do="spoil_it")
    pay = late.to(paid)

    def spoil_it(self) -> None:
        self.data["notes"] = "torn"


def test_values_of_another_type_are_refused_with_their_name():
    with pytest.raises(PayloadInvalidError, match="amount is a number, and cannot be 'much'"):
        Loan(amount="much")
    with pytest.raises(PayloadInvalidError, match=r"due is a date: .*'tomorrow' is not a date"):
        Loan(due="tomorrow")
    loan = Loan(amount=1)
    with pytest.raises(MachineFailedError, match="amount is a number"):
        loan.lend(more="x")
    assert loan.data["amount"] == 1
    with pytest.raises(MachineFailedError, match=r"notes is a list<Any>, and cannot be 'torn'"):
        loan.spoil()
    assert loan.data["notes"] == []
    assert loan.data["notes"] is not Loan().data["notes"]


def test_a_date_is_a_date_in_memory_and_after_a_store():
    loan = Loan(due="2026-11-15")
    assert loan.data["due"] == date(2026, 11, 15)
    assert loan.remind()
    with Simulation(processes=2) as simulation:
        stored = simulation.start(Loan, {"due": "2026-11-15"})
        stored.send("defer")
        simulation.crash(0)
        simulation.crash(1)
        assert stored.journal()[-1].decisions[0]["data"] == {"due": "2026-12-15"}
        assert stored.available() == ["lend", "defer", "spoil"], "it is later than the reminder"
        stored.send("lend", more=2)
        with pytest.raises(InstanceFailedError, match="amount is a number"):
            stored.send("lend", more="x")
        with pytest.raises(PayloadInvalidError, match="due"):
            simulation.start(Loan, {"due": 7})


def test_the_data_notation_has_types_too_and_unknown_ones_are_told():
    states = {"a": {"on": [{"event": "go", "target": "a"}]}}
    machine = Machine.of_data({"machine": "m", "data": [{"name": "x", "type": "list<number>"}], "states": states})
    with Simulation() as simulation:
        simulation.start(machine, {"x": [1]})
        with pytest.raises(PayloadInvalidError, match="x is a list<number>"):
            simulation.start(machine, {"x": ["a"]})
    with pytest.raises(DefinitionInvalidError, match="x: 'wolf<' is no type of FEEL"):
        _ = Machine.of_data({"machine": "m", "data": [{"name": "x", "type": "wolf<"}], "states": states}).plan


@pytest.mark.parametrize(
    ("annotation", "text"),
    [(int, "number"), (str | None, "string"), (datetime, "date and time"), (timedelta, "days and time duration"),
     (dict[str, int], "context"), (int | str, ""), (object, "")],
)  # fmt: skip
def test_annotations_are_types_of_feel(annotation, text):
    assert type_of_annotation(annotation) == text
