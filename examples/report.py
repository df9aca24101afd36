"""Fetch a page, split it into words, count each of them side by side, and publish the result.

mainspring run examples/report.py url=https://example.org
"""

from __future__ import annotations

import re
import time
from collections import Counter

from mainspring import Context, Retry, Workflow, task

PAGES = {
    "https://example.org": "a mainspring drives the hands of a watch and a mainspring does not forget the time",
}
"""So that the example runs without a network."""


@task(retries=Retry(max=3, delay_s=0.2, on=(ConnectionError,)), timeout_s=30)
def fetch(url: str, context: Context) -> dict[str, str]:
    if context.attempt == 1:
        raise ConnectionError("the network is slow to wake up")  # to show what a retry looks like
    return {"url": url, "body": PAGES[url]}


@task
async def clean(page: dict[str, str]) -> list[str]:
    return re.findall(r"\w+", page["body"].lower())


@task
def count(letters: str) -> dict[str, int]:
    time.sleep(0.05)  # stands for work
    return dict(Counter(letters))


@task
def publish(parts: list[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total.most_common(5))


wf = Workflow("report")
url = wf.input("url", str, "https://example.org")
page = wf.add(fetch, url)  # a node passed as an argument passes its output
words = wf.add(clean, page)
parts = wf.map(count, words, concurrency=4)  # one task for each element, known only at run time
wf.output(wf.add(publish, parts, after=[page]))  # order without data
