"""Names of officers: who asked for something, and whether another one approved it."""

from __future__ import annotations

import unicodedata

from keepers.compliance.errors import ComplianceError

LONGEST = 64
"""Maximum number of characters of an officer's name."""


class OfficerNameError(ComplianceError):
    """A name that says nobody, or the same officer twice where two are needed."""


def officer_name(text: str) -> str:
    """Returns a name with single spaces.

    Raises:
        OfficerNameError: If it has no letter or digit, a character that cannot be seen, or is too long.
    """
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if len(name) > LONGEST:
        raise OfficerNameError("officer's name", f"has {len(name)} characters", f"give at most {LONGEST}")
    if not any(letter.isalnum() for letter in name):
        raise OfficerNameError("officer's name", "has no letter", "give the name of an officer")
    if any(unicodedata.category(letter)[0] == "C" for letter in name):
        raise OfficerNameError("officer's name", "has a character that cannot be seen", "type it again")
    return name


def same_officer(one: str, other: str) -> bool:
    """True if two names are one officer's: case, accents, spaces and punctuation tell nobody apart."""
    return _key(one) == _key(other)


def require_second(asked: str, name: str, what: str) -> None:
    """Refuses an officer who would approve what that officer asked for.

    Raises:
        OfficerNameError: If so.
    """
    if same_officer(asked, name):
        raise OfficerNameError(what, "was asked for by the same officer", "have another officer approve it")


def _key(name: str) -> str:
    plain = unicodedata.normalize("NFKD", officer_name(name)).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
