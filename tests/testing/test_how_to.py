"""The how-to of testing, block by block."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "test-your-workflows.md"


def test_every_block_of_the_page_runs():
    text = PAGE.read_text(encoding="utf-8")
    module = types.ModuleType("how_to_test")  # handlers know themselves by their module
    sys.modules[module.__name__] = module
    try:
        blocks = list(re.finditer(r"```python\n(.*?)```", text, re.DOTALL))
        assert len(blocks) >= 6
        for block in blocks:
            line = text.count("\n", 0, block.start(1))
            exec(compile("\n" * line + block[1], str(PAGE), "exec"), module.__dict__)
    finally:
        del sys.modules[module.__name__]
