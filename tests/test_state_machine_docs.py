"""The guide to state machines, run as it is written."""

from __future__ import annotations

import re
from pathlib import Path

from mainspring import Machine
from mainspring.models.machine.document import Document, Invoke, State, Transition
from mainspring.models.machine.live import LiveMachine

REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "state-machines.md"
GUIDE = Path(__file__).parents[1] / "docs" / "how-to" / "state-machines.md"


def test_the_guide_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {"__name__": "guide"}

    for block in blocks:
        exec(compile(block, str(GUIDE), "exec", dont_inherit=True), names)

    assert len(blocks) >= 6


def test_the_file_of_the_guide_is_a_machine_that_runs():
    [text] = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    machine = Machine.of_text(text, file="claim.yaml")
    assert machine.oddities() == []
    [escalated] = [path for path in machine.paths() if path.needs]
    assert escalated.needs == ("amount > 1000",)  # nothing that an event brings is there when the time is over
    for amount in (0, 5000):
        for path in machine.paths(amount=amount):
            if not path.needs:
                live = LiveMachine(machine, {"amount": amount})
                path.play(live)
                assert live.configuration == path.configuration


def test_the_reference_lists_every_field_of_the_notation():
    page = REFERENCE.read_text(encoding="utf-8")
    for kind in (Document, State, Transition, Invoke):
        for field in kind.__struct_fields__:
            assert re.search(rf"`{field}`|[{{ ]{field}[,}}:]", page), f"{kind.__name__}.{field}"
