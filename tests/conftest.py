"""What all tests share."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres

# How long an example takes tells of the machine's load, not of the code; pytest-timeout bounds each test as a whole.
settings.register_profile("search", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
# The same examples every time, so that a run says something of the code and nothing of its luck.  Others are found with
# `--hypothesis-profile=search`.
settings.register_profile("mainspring", settings.get_profile("search"), derandomize=True)
settings.load_profile("mainspring")


@pytest.fixture(scope="session", autouse=True)
def _shared(tmp_path_factory, worker_id):
    """All processes of one run share what is expensive; each has a folder of its own in the one of the run."""
    folder = tmp_path_factory.getbasetemp()
    postgres.share(folder if worker_id == "master" else folder.parent)
