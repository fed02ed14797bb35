"""The stored verdict of an ablation, without which no model reads sentiment."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from keepers.compliance.evidence.errors import EvidenceError
from keepers.documents import durable
from keepers.signals.errors import SignalError
from keepers.signals.features import Feature, Frame, definition_hash, feature_named, optional, readable
from keepers.signals.regimes.ablation import Ablation
from keepers.signals.regimes.evaluation import Protocol
from keepers.signals.regimes.inputs import WIDE
from keepers.signals.sentiment.silence import silent_since

_SET = frozenset({"sentiment", "texts"})


@dataclass(frozen=True)
class Verdict:
    """Outcome of an ablation, and what it holds for.

    Attributes:
        used: True if the set is on.
        last: Last day of the history.
        data_hash: SHA-256 of the history until then.
        protocol_hash: SHA-256 of the protocol.
        features_hash: SHA-256 of the definitions of the set.
    """

    used: bool
    last: date
    data_hash: str
    protocol_hash: str
    features_hash: str


def verdict_of(found: Ablation, frame: Frame, protocol: Protocol) -> Verdict:
    """The verdict of an ablation of a history."""
    features = definition_hash(tuple(feature_named(name) for name in found.features))
    last = frame.dates[-1]
    # Texts that are published after the last day were not judged, and come back with later days.
    return Verdict(found.used, last, frame.until(last).digest(), _hash_of(protocol), features)


def write_verdict(verdict: Verdict, path: Path) -> None:
    """Writes a verdict's file.

    Raises:
        SignalError: If it cannot be written.
    """
    try:
        durable.write(path, TypeAdapter(Verdict).dump_json(verdict, indent=1))
    except (OSError, EvidenceError):
        raise SignalError(path, "cannot be written", "choose another place") from None


def read_verdict(path: Path) -> Verdict:
    """The verdict of a file.

    Raises:
        SignalError: If it cannot be read, or is none.
    """
    try:
        return TypeAdapter(Verdict).validate_json(path.read_bytes())
    except OSError as error:
        remedy = "run `quantera signals ablate --verdict`"
        raise SignalError(path, error.strerror or "unreadable", remedy) from None
    except ValidationError:
        raise SignalError(path, "not a verdict", "run `quantera signals ablate --verdict`") from None


@dataclass(frozen=True)
class Choice:
    """The features of a model, and what a person is told about them.

    Attributes:
        features: Features beside the ratios of volatilities.
        notes: One line each.
    """

    features: tuple[Feature, ...]
    notes: tuple[str, ...]


def chosen_features(frame: Frame, protocol: Protocol, verdict: Path | None) -> Choice:
    """The features that a model of a history reads: those of decision 139, and sentiment where a verdict says so.

    Args:
        frame: The history.
        protocol: How models are fitted and judged.
        verdict: File of the verdict; None where the config names none.

    Raises:
        SignalError: If the file is no verdict, or its verdict is on for other data, features or another protocol.
    """
    base = tuple(feature_named(name) for name in WIDE)
    if not frame.names >= _SET:
        return Choice(base, ())
    if verdict is None:
        reason = "no verdict; run `quantera signals ablate --verdict FILE`, and name the file as sentiment.verdict"
        return Choice(base, (f"sentiment is left out: {reason}",))
    known = read_verdict(verdict)
    if not known.used:
        return Choice(base, (f"sentiment is left out: the ablation until {known.last} switched it off",))
    added = tuple(readable(_SET, optional()))
    _require_about(known, frame, protocol, added, verdict)
    return Choice((*base, *added), (f"sentiment is read: the ablation until {known.last} left it on", *silence(frame)))


def silence(frame: Frame) -> tuple[str, ...]:
    """A line about a history whose texts have stopped, which its features read as neutral; none otherwise."""
    texts, last = frame.releases["texts"], frame.dates[-1]
    told = (date.fromordinal(int(day)) for day in texts.observed[texts.values > 0])
    since = silent_since(told, last)
    if since is None:
        return ()
    return (f"sentiment is silent: no text since {since}, {(last - since).days} days, which reads as neutral",)


def _require_about(known: Verdict, frame: Frame, protocol: Protocol, added: tuple[Feature, ...], path: Path) -> None:
    """Refuses a verdict that is not about this history up to its last day, this protocol and these definitions."""
    differs = {
        "data": frame.until(known.last).digest() != known.data_hash,
        "another protocol": _hash_of(protocol) != known.protocol_hash,
        "other definitions of features": definition_hash(added) != known.features_hash,
    }
    for what, other in differs.items():
        if other:
            named = f"other data until {known.last}" if what == "data" else what
            raise SignalError(f"verdict {path.name}", f"is about {named}", "run `quantera signals ablate --verdict`")


def _hash_of(protocol: Protocol) -> str:
    return hashlib.sha256(repr(sorted(asdict(protocol).items())).encode()).hexdigest()
