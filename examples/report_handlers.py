"""The handlers of report.yaml."""

from __future__ import annotations

from mainspring import task


@task
def fetch(url: str) -> str:
    return f"the text of {url}"


@task
def split(text: str) -> list[str]:
    return text.split()


@task
def measure(word: str) -> int:
    return len(word)


@task
def total(lengths: list[int]) -> int:
    return sum(lengths)
