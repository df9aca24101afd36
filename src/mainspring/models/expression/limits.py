"""How much one expression may be and do, so that a text from a file can neither hang nor fill the process.

Time and memory are bounded by one count. Each pass of a loop, each call, each element made and each
sixteen characters made is a step; what an evaluation holds is never more than a small multiple of `steps_max`.
"""

from __future__ import annotations

from mainspring.models.expression.errors import LimitError

CHARACTERS_PER_STEP = 16
"""Characters that cost as much as one element: about the room a list needs for its reference."""


NODES_PER_STEP = 4
"""Nodes of a loop's body, a filter's condition or a function that cost a step each time they are evaluated; a body
of fewer costs nothing besides the pass."""
SERIES_STEPS = 100
"""What a logarithm, an exponential or a power with a fraction costs: 34 digits of it take about a tenth of a
millisecond."""


class Limits:
    """The limits of one compiled expression; the defaults suit text from a trusted author or a stranger."""

    __slots__ = ("call_depth_max", "depth_max", "steps_max", "string_max", "text_max")

    def __init__(
        self,
        *,
        text_max: int = 100_000,
        depth_max: int = 200,
        steps_max: int = 1_000_000,
        string_max: int = 1_000_000,
        call_depth_max: int = 50,
    ) -> None:
        """Set limits: characters of the text, levels of its tree, steps, characters of a string, nested calls."""
        self.text_max = text_max
        self.depth_max = depth_max
        self.steps_max = steps_max
        self.string_max = string_max
        self.call_depth_max = call_depth_max


class Budget:
    """What is left of the limits while one evaluation runs."""

    __slots__ = ("depth_left", "limits", "steps_left")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.steps_left = limits.steps_max
        self.depth_left = limits.call_depth_max

    def spend(self, steps: int) -> None:
        """Pay for steps before they are done; raises LimitError when they are more than is left."""
        self.steps_left -= steps
        if self.steps_left < 0:
            raise LimitError(f"the evaluation needs more than {self.limits.steps_max:,} steps")

    def write(self, length: int) -> None:
        """Pay for a string of this length before it is made."""
        if length > self.limits.string_max:
            raise LimitError(f"a string would be longer than {self.limits.string_max:,} characters")
        self.spend(length // CHARACTERS_PER_STEP + 1)

    def enter(self) -> None:
        """Go one call deeper; pair with `leave`."""
        self.depth_left -= 1
        if self.depth_left < 0:
            raise LimitError(f"function calls are nested deeper than {self.limits.call_depth_max} levels")

    def leave(self) -> None:
        """Come back from a call."""
        self.depth_left += 1
