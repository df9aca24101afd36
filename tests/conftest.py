"""What all tests share."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests import postgres

# A deadline per example measures the machine's load, not the code; pytest-timeout bounds each test as a whole.
settings.register_profile("mainspring", deadline=None, print_blob=True)
settings.load_profile("mainspring")


@pytest.fixture(scope="session", autouse=True)
def _shared(tmp_path_factory, worker_id):
    """All processes of one run share what is expensive; each has a folder of its own in the one of the run."""
    folder = tmp_path_factory.getbasetemp()
    postgres.share(folder if worker_id == "master" else folder.parent)
