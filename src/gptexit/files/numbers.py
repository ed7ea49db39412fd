"""A dictionary of numbers that stays small: what a run has to remember of each conversation."""

from __future__ import annotations

from array import array

_FREE = 0
"""Marks a place without a key; the key 0 counts as 1."""
_LEAST = 64
"""Places at first; always a power of two."""


class NumberMap:
    """Numbers of 64 bits by numbers of 64 bits that are evenly spread, as hashes of strings are.

    An entry takes 24 to 48 bytes, where a `dict` with its numbers takes 130 and more. Nor is it an
    object of its own, each of which would keep the memory around it from being given back.
    """

    def __init__(self) -> None:
        self._keys, self._values = _places(_LEAST), _places(_LEAST)
        self._used = 0

    def __contains__(self, key: int) -> bool:
        return self._keys[_place(self._keys, key or 1)] != _FREE

    def put(self, key: int, value: int) -> int | None:
        """Give a key a value. Return the one that it had."""
        key = key or 1
        place = _place(self._keys, key)
        known = self._keys[place] != _FREE
        before = self._values[place] if known else None
        self._values[place] = value
        if not known:
            self._keys[place] = key
            self._used += 1
            if self._used * 3 > len(self._keys) * 2:
                self._grow()
        return before

    def setdefault(self, key: int, value: int) -> int:
        """Give a key a value if it has none. Return its value."""
        place = _place(self._keys, key or 1)
        if self._keys[place] != _FREE:
            return self._values[place]
        self.put(key, value)
        return value

    def _grow(self) -> None:
        keys, values = _places(2 * len(self._keys)), _places(2 * len(self._keys))
        for key, value in zip(self._keys, self._values, strict=True):
            if key != _FREE:
                place = _place(keys, key)
                keys[place], values[place] = key, value
        self._keys, self._values = keys, values


def _places(count: int) -> array[int]:
    return array("q", bytes(8 * count))


def _place(keys: array[int], key: int) -> int:
    """Return the place of a key, or the free one that it would get."""
    last = len(keys) - 1
    place = key & last
    while (there := keys[place]) != key and there != _FREE:
        place = (place + 1) & last
    return place
