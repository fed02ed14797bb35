from __future__ import annotations

import pytest

from keepers.compliance.officers import OfficerNameError, officer_name, require_second, same_officer


def test_officer_name__spaces__are_single() -> None:
    assert officer_name("  Ada \t Example ") == "Ada Example"


@pytest.mark.parametrize("text", ["", "  ", "...", "A" * 65, "Ada\u200bExample", "Ada\x07"])
def test_officer_name__nobody__is_refused_without_the_name(text: str) -> None:
    with pytest.raises(OfficerNameError) as caught:
        officer_name(text)
    assert "Ada" not in str(caught.value)


@pytest.mark.parametrize("other", ["ada example", "ADA  EXAMPLE", "\u00c1da Example", "\uff21da Example"])
def test_same_officer__another_spelling__is_the_same(other: str) -> None:
    assert same_officer("Ada Example", other)


def test_require_second__another_officer__passes() -> None:
    require_second("Ada Example", "Bea Example", "lifting")


def test_require_second__the_same_officer__is_refused() -> None:
    with pytest.raises(OfficerNameError, match="lifting: was asked for by the same officer; have another officer"):
        require_second("Ada Example", "ada example", "lifting")
