"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# A deadline per example measures the machine's load, not the code; pytest-timeout bounds each test as a whole.
settings.register_profile("mainspring", deadline=None, print_blob=True)
settings.load_profile("mainspring")
