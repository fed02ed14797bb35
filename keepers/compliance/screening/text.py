"""Letters: one form for a text whatever its script, case, marks and punctuation.

Letters of other scripts are transliterated one by one (AnyAscii); the original text is never thrown away by callers.
"""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

from keepers.compliance.screening.errors import ScreeningError

DIGITS = str.maketrans("01345789", "oieastbg")
"""Letters that digits stand for within a word, to hide it or by an error of a scanner."""
LONGEST = 512
"""Characters of the longest name that is screened; the longest published ones have about 350."""

SERVANT = "\u0639\u0628\u062f"
"""The Arabic word for "servant of", which belongs to the word behind it."""

_ARABIC_LETTERS = re.compile(r"[\u0600-\u06ff\u0750-\u077f]")
_ABJAD = re.compile(r"[\u0590-\u05ff\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff]")
_GREEK = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]")
_GREEK_MARKS = "\u0300\u0301\u0313\u0314\u0342\u0345"
_GREEK_PAIRS = {"αυ": "av", "ευ": "ev", "ηυ": "iv", "ου": "ou", "γγ": "ng", "γχ": "nch", "γξ": "nx"}
_GREEK_START = re.compile(r"(?<!\w)μπ")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_SYLLABLES = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_OTHER_SCRIPT = re.compile(r"[\u0370-\u1cff\u1f00-\u1fff\u2c80-\ua71f\ua800-\ud7ff\uf900-\ufaff\ufb1d-\ufdff]")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u0640]")
_ARABIC_SERVANT = re.compile(r"(?<!\w)\u0639\u0628\u062f\s*\u0627\u0644(?!\u0644?\u0647)(?=\w{2})")
_ARABIC_ABDULLAH = re.compile(r"(?<!\w)\u0639\u0628\u062f\s*\u0627\u0644\u0644\u0647(?!\w)")
_ARABIC_ARTICLE = re.compile(r"(?<!\w)\u0627\u0644(?=\w{3})")
_FIRST_OTHER = "\u0370"
"""The first letter of Greek; no letter of a script other than Latin is before it."""
_SPELLED = bytes(ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else ord(" ") for code in range(256))
"""The small letter or digit of each byte of a text, or a space for what stands between words."""
_APOSTROPHES = b"'`"


class _Latin(dict[int, str]):
    """Transliteration of each letter that was met, for `str.translate`."""

    def __missing__(self, code: int) -> str:
        self[code] = found = anyascii(chr(code))
        return found


_LATIN = _Latin()


def checked(text: str, what: str = "name") -> str:
    """Returns a text in Unicode's composed form with single spaces.

    Raises:
        ScreeningError: If it is too long, holds control characters, or holds no letter and no digit. The text itself
            is not repeated: it may be a person's name.
    """
    if len(text) > LONGEST:
        raise ScreeningError(f"{what} of {len(text)} characters", "is too long", f"give at most {LONGEST}")
    if not text.isascii():
        # ASCII has no invisible letter and one form for each.
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    found = " ".join(text.split())
    # Printable texts hold no control character; others may hold harmless ones.
    if not found.isprintable():
        _refuse_controls(found, what)
    if not found[:1].isalnum() and not any(map(str.isalnum, found)):
        raise ScreeningError(what, "holds no letter and no digit", "give a name as it is written")
    return found


def _refuse_controls(text: str, what: str) -> None:
    for place, letter in enumerate(text):
        if unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn"):
            reason = f"holds the control character U+{ord(letter):04X} at character {place + 1}"
            raise ScreeningError(what, reason, "remove it")


def _greek(text: str) -> str:
    """Replaces the pairs of Greek letters that are one sound, as ELOT 743 does."""
    text = "".join(mark for mark in unicodedata.normalize("NFD", text) if mark not in _GREEK_MARKS).lower()
    for pair, sound in _GREEK_PAIRS.items():
        text = text.replace(pair, sound)
    return _GREEK_START.sub("b", unicodedata.normalize("NFC", text))


def is_latin(text: str) -> bool:
    """Returns True if a text holds Latin letters, marks and punctuation only, so that no other script is looked for."""
    return text.isascii() or max(text) < _FIRST_OTHER


def is_han(text: str) -> bool:
    """Returns True if a text holds Chinese characters."""
    return not text.isascii() and bool(_HAN.search(text))


def is_syllabic(text: str) -> bool:
    """Returns True if characters of a text stand for words or syllables, so that another one is no typing error."""
    return not text.isascii() and bool(_HAN.search(text) or _SYLLABLES.search(text))


def is_abjad(text: str) -> bool:
    """Returns True if a text is written without most of its vowels (Arabic, Hebrew)."""
    return not text.isascii() and bool(_ABJAD.search(text))


def is_greek(text: str) -> bool:
    """Returns True if a text holds Greek letters."""
    return not text.isascii() and bool(_GREEK.search(text))


def is_other_script(text: str) -> bool:
    """Returns True if a text holds letters that are not Latin ones."""
    return not text.isascii() and bool(_OTHER_SCRIPT.search(text))


def latin(text: str) -> str:
    """Returns a checked text in Latin letters without marks, in lower case; punctuation stays.

    Arabic articles and "servant of" are set apart from the word that they are written with.
    """
    if text.isascii():
        return text.lower()
    if is_latin(text):
        return text.translate(_LATIN).lower()
    if _ARABIC_LETTERS.search(text):
        text = _ARABIC_ARTICLE.sub("", _ARABIC_SERVANT.sub("abdul ", _ARABIC_ABDULLAH.sub("abdullah", text)))
    if _GREEK.search(text):
        text = _greek(text)
    # Apostrophes that transliteration makes of letters are no punctuation, and dashes of any length are one.
    return text.translate(_LATIN).lower()


def words_in(text: str) -> list[str]:
    """Returns the words of a to z and digits of a text in Latin letters without marks, in order and in lower case."""
    # A table of bytes does it all at once; bytes of other letters are spaces in it.
    return text.encode().translate(_SPELLED, _APOSTROPHES).decode().split()


def folded(text: str) -> str:
    """Returns a checked text as its words with single spaces between them.

    It changes nothing in what it has returned: folded(folded(x)) == folded(x).
    """
    return " ".join(words_in(latin(text)))
