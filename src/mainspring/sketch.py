"""Quantiles without keeping the values: counts in buckets that grow by a tenth, so a quantile is right to 5 %.

Two sketches are merged by adding their counts (DDSketch, Masson et al. 2019).  Some hundred bytes for any number.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from functools import partial

from msgspec import Struct, field

ACCURACY = 0.05
GROWTH = (1 + ACCURACY) / (1 - ACCURACY)
LEAST = 1e-4
"""Seconds; what is less counts as this."""
BUCKETS_MAX = 300
"""Up to 10 ** 9 seconds; what is more counts as that."""
_bucket_of = partial(bisect_left, [LEAST * GROWTH**bucket for bucket in range(BUCKETS_MAX)])
"""A search in a table of the bounds: half the time of a logarithm."""


class Sketch(Struct, omit_defaults=True):
    """Counts by bucket; bucket `n` holds values up to `LEAST * GROWTH ** n`."""

    counts: dict[int, int] = field(default_factory=dict)

    def add(self, *values: float) -> None:
        """Take in values, many at once best."""
        self._add(Counter(map(_bucket_of, values)))

    def merge(self, other: Sketch) -> None:
        """Take in what another one has seen."""
        self._add(other.counts)

    def _add(self, counts: Mapping[int, int]) -> None:
        for bucket, count in counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def quantile(self, share: float) -> float | None:
        """The value below which this share (0 to 1) of all values lies; None: there are none."""
        wanted = share * (self.count - 1)
        for bucket in sorted(self.counts):
            wanted -= self.counts[bucket]
            if wanted < 0:
                return LEAST * GROWTH**bucket * (1 - ACCURACY) if bucket else LEAST
        return None
