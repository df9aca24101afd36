"""Cron expressions by chance, for comparisons with others."""

from __future__ import annotations

import random


def term(chance: random.Random, low: int, high: int) -> str:
    kind = chance.random()
    first, last = sorted((chance.randint(low, high), chance.randint(low, high)))
    if kind < 0.35:
        return "*"
    if kind < 0.5:
        return f"*/{chance.randint(1, high)}"
    if kind < 0.75:
        return str(first)
    if kind < 0.85:
        return f"{first}-{last}"
    if kind < 0.93:
        return ",".join(str(chance.randint(low, high)) for _ in range(chance.randint(2, 4)))
    return f"{first}-{last}/{chance.randint(1, 9)}"


def expression(chance: random.Random) -> str:
    fields = [
        term(chance, 0, 59),
        term(chance, 0, 23),
        chance.choice([term(chance, 1, 31), "*", "L", "LW", "*"]),
        chance.choice([term(chance, 1, 12), "*", "*", "JAN-MAR", "FEB"]),
        chance.choice([term(chance, 0, 7), "*", "*", "MON-FRI", "5L", "MON#2", "SUN#5", "SAT,SUN"]),
    ]
    if chance.random() < 0.2:
        fields.insert(0, term(chance, 0, 59))
    return " ".join(fields)
