"""Passwords: made into argon2id hashes, and compared with one."""

from __future__ import annotations

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHash

SHORTEST = 12
"""Letters that a password must have at least."""
_LEAST_MEMORY_KIB = 19 * 1024
_LEAST_ROUNDS = 2
"""Below both, OWASP no longer calls argon2id strong."""
_HASHER = PasswordHasher()


def hashed(password: str) -> str:
    """Return a password's argon2id hash, with a salt of its own."""
    return _HASHER.hash(password)


def fits(password: str, password_hash: str) -> bool:
    """Return whether a hash is that of a password; takes some 50 ms and 64 MB."""
    try:
        return _HASHER.verify(password_hash, password)
    except (Argon2Error, InvalidHash, UnicodeError):
        return False


def complaint(password_hash: str) -> str | None:
    """Return what is wrong with a hash, as the second half of a sentence; None when it can be used."""
    try:
        made = extract_parameters(password_hash)
    except (InvalidHash, ValueError):
        return "is not an argon2id hash"
    if made.type is not Type.ID:
        return "is not an argon2id hash"
    if made.memory_cost < _LEAST_MEMORY_KIB or made.time_cost < _LEAST_ROUNDS:
        return "is too cheap to guess"
    return None
