"""The guide to state machines, run as it is written."""

from __future__ import annotations

import re
from pathlib import Path

GUIDE = Path(__file__).parents[1] / "docs" / "how-to" / "state-machines.md"


def test_the_guide_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {"__name__": "guide"}

    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), names)

    assert len(blocks) >= 6
