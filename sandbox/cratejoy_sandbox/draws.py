"""Chance that repeats: the same seed gives the same draws."""

import random


def draws(seed: str) -> random.Random:
    """A source of draws; not for secrets, which must not repeat."""
    return random.Random(seed)  # noqa: S311
