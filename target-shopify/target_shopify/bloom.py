"""A small memory of what was seen: never forgets, and seldom claims to have seen what it has not."""

from __future__ import annotations

_BITS = 1 << 25
_HASHES = 4


class Seen:
    """A Bloom filter of texts: 4 MB, about one false claim in 2,000 at 1,200,000 texts.

    A false claim costs the bulk lane one direct call; a forgotten text would let two lines race for one customer.
    """

    def __init__(self) -> None:
        self._bits = bytearray(_BITS // 8)

    def add(self, text: str) -> bool:
        """Remember a text; return whether it was (probably) there already."""
        bits = self._bits
        first = hash(text)
        step = hash((text, 1)) | 1
        there = True
        for number in range(_HASHES):
            place = (first + number * step) % _BITS
            mask = 1 << (place & 7)
            if not bits[place >> 3] & mask:
                there = False
                bits[place >> 3] |= mask
        return there

    def has(self, text: str) -> bool:
        """Return whether a text was (probably) seen; it is not remembered."""
        bits = self._bits
        first = hash(text)
        step = hash((text, 1)) | 1
        places = ((first + number * step) % _BITS for number in range(_HASHES))
        return all(bits[place >> 3] & (1 << (place & 7)) for place in places)
