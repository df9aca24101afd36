"""Handlers are looked for in files, and nothing is imported."""

from __future__ import annotations

import sys

import pytest

from mainspring.runtime.presence import absence_of


@pytest.fixture
def shop(tmp_path, monkeypatch):
    package = tmp_path / "cornershop"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('it was imported')\n")
    (package / "tasks.py").write_text(
        "from os import path as paths\nimport json.decoder\n\n"
        "def pay(): ...\nasync def ship(): ...\nclass Till:\n    def close(self): ...\n"
        "if True:\n    def branch(): ...\ntry:\n    from fast import quick\nexcept ImportError:\n    quick = None\n"
        "wrapped = pay\nleft, right = 1, 2\n"
    )
    (package / "open.py").write_text("from elsewhere import *\n")
    (package / "lazy.py").write_text("def __getattr__(name): ...\n")
    (package / "broken.py").write_text("def (:\n")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize("name", ["pay", "ship", "Till.close", "branch", "quick", "wrapped", "right", "paths", "json"])
def test_what_a_module_binds_is_there(shop, name):
    assert absence_of(f"cornershop.tasks:{name}") == ""
    assert "cornershop" not in sys.modules


@pytest.mark.parametrize(
    ("handler", "told"),
    [
        ("cornershop.tasks:refund", "module 'cornershop.tasks' has no 'refund'"),
        ("cornershop.tills:pay", "there is no module 'cornershop.tills' here"),
        ("cornershop.tasks.more:pay", "there is no module 'cornershop.tasks.more' here"),
        ("nosuchshop.tasks:pay", "there is no module 'nosuchshop.tasks' here"),
        ("json:lods", "module 'json' has no 'lods'"),
    ],
)
def test_what_is_missing_is_told(shop, handler, told):
    assert absence_of(handler) == told
    assert "cornershop" not in sys.modules


@pytest.mark.parametrize("handler", ["cornershop.open:x", "cornershop.lazy:x", "cornershop.broken:x", "math:floor"])
def test_what_cannot_be_seen_may_be_there(shop, handler):
    assert absence_of(handler) == ""
