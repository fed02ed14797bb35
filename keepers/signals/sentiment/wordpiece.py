"""Texts as numbers of word pieces, as BERT's models read them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keepers.signals.errors import SignalError

_LONGEST_WORD = 100
_CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


@dataclass(frozen=True)
class WordPiece:
    """BERT's tokeniser.

    Source: Devlin, Chang, Lee and Toutanova (2019), "BERT", NAACL; the pieces are those of Wu et al. (2016), section
    4.1: the longest piece of the vocabulary that a word begins with, and again for the rest.

    Attributes:
        vocabulary: Number of each piece; pieces within a word begin with ##.
        lower: True if case and accents do not count.
    """

    vocabulary: Mapping[str, int]
    lower: bool

    def __post_init__(self) -> None:
        for piece in ("[UNK]", "[CLS]", "[SEP]", "[PAD]"):
            if piece not in self.vocabulary:
                raise SignalError("the tokenizer file", f"has no piece {piece}", "use the file of a BERT model")

    @classmethod
    def of_file(cls, content: bytes) -> WordPiece:
        """A tokeniser from the bytes of a `vocab.txt` or of a `tokenizer.json`.

        A `vocab.txt` does not say whether case counts: it does where a piece has a capital letter.

        Raises:
            SignalError: If it is neither, or of another kind of tokeniser.
        """
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise SignalError("the tokenizer file", "not UTF-8", "give vocab.txt or tokenizer.json") from None
        if text.lstrip().startswith("{"):
            return cls._of_json(text)
        pieces = text.splitlines()
        cased = any(piece != piece.lower() for piece in pieces if not piece.startswith("["))
        return cls({piece: number for number, piece in enumerate(pieces)}, not cased)

    @classmethod
    def _of_json(cls, text: str) -> WordPiece:
        try:
            found: Any = json.loads(text)
            model, normalizer = found["model"], found["normalizer"]
            kinds = (model["type"], normalizer["type"], (found.get("pre_tokenizer") or {}).get("type"))
            vocabulary = {str(piece): int(number) for piece, number in model["vocab"].items()}
            lower, accents = bool(normalizer["lowercase"]), normalizer.get("strip_accents")
            cleans = bool(normalizer["clean_text"]) and bool(normalizer["handle_chinese_chars"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SignalError(
                "the tokenizer file", "no WordPiece of BERT", "give vocab.txt or tokenizer.json"
            ) from None
        if kinds != ("WordPiece", "BertNormalizer", "BertPreTokenizer"):
            raise SignalError("the tokenizer file", f"is of {', '.join(map(str, kinds))}", "use a BERT model's")
        if not cleans or (accents is not None and bool(accents) != lower):
            raise SignalError("the tokenizer file", "cleans texts in another way than BERT", "use a BERT model's")
        return cls(vocabulary, lower)

    def numbers(self, text: str, most: int) -> list[int]:
        """Numbers of a text's pieces between those of [CLS] and [SEP], cut to `most` in all.

        A text that has [SEP] or the like in it has no such piece: its brackets are signs as others are.
        """
        pieces = [piece for word in self._words(text) for piece in self._pieces(word)]
        return [self.vocabulary["[CLS]"], *pieces[: most - 2], self.vocabulary["[SEP]"]]

    def _words(self, text: str) -> Iterator[str]:
        cleaned = "".join(_cleaned(text))
        if self.lower:
            plain = unicodedata.normalize("NFD", cleaned)
            # Letter by letter, as the models were trained: a sigma at the end of a word is one like the others.
            cleaned = "".join(char.lower() for char in plain if unicodedata.category(char) != "Mn")
        for part in cleaned.split():
            word = ""
            for char in part:
                if not _is_punctuation(char):
                    word += char
                    continue
                if word:
                    yield word
                yield char
                word = ""
            if word:
                yield word

    def _pieces(self, word: str) -> list[int]:
        if len(word) > _LONGEST_WORD:
            return [self.vocabulary["[UNK]"]]
        found, begin = [], 0
        while begin < len(word):
            prefix = "##" if begin else ""
            ends = range(len(word), begin, -1)
            end = next((end for end in ends if prefix + word[begin:end] in self.vocabulary), None)
            if end is None:
                return [self.vocabulary["[UNK]"]]
            found.append(self.vocabulary[prefix + word[begin:end]])
            begin = end
        return found


def _cleaned(text: str) -> Iterator[str]:
    for char in text:
        if char in "\t\n\r" or unicodedata.category(char) == "Zs":
            yield " "
        elif char in "\0\ufffd" or unicodedata.category(char).startswith("C"):
            continue
        elif any(low <= ord(char) <= high for low, high in _CJK):
            yield f" {char} "
        else:
            yield char


def _is_punctuation(char: str) -> bool:
    """True for punctuation, and for every sign of ASCII that is no letter, digit or space."""
    signs = char.isascii() and char.isprintable() and not char.isalnum() and not char.isspace()
    return signs or unicodedata.category(char).startswith("P")
