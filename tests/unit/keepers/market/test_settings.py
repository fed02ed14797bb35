from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from keepers.market.settings import FileCloses, PriceSettings


def test_ordered__nothing_given__is_the_feeds() -> None:
    assert [one.kind for one in PriceSettings().ordered] == ["feeds"]


def test_ordered__a_path__is_one_file() -> None:
    (one,) = PriceSettings(path=Path("closes.csv")).ordered
    assert isinstance(one, FileCloses) and one.path == Path("closes.csv")


def test_ordered__sources__are_in_their_order() -> None:
    given = {"sources": [{"kind": "http", "url": "https://x/{symbol}"}, {"kind": "pools"}, {"kind": "feeds"}]}
    assert [one.kind for one in PriceSettings.model_validate(given).ordered] == ["http", "pools", "feeds"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"path": "a.csv", "sources": [{"kind": "feeds"}]}, "give either path or sources"),
        ({"sources": [{"kind": "file", "path": "a.xlsx"}]}, "neither a .csv nor a .parquet file"),
        ({"sources": [{"kind": "http", "url": "https://x/prices"}]}, "has no {symbol}"),
        ({"sources": [{"kind": "http", "url": "https://x/{symbol}/{day}"}]}, "{day} is unknown; choose from symbol"),
        ({"sources": [{"kind": "http", "url": "https://x/{symbol"}]}, "its braces do not match"),
        ({"sources": [{"kind": "oracle"}]}, "does not match any of the expected tags"),
        ({"sources": [{"kind": "pools", "window_minutes": 0}]}, "greater than or equal to 1"),
        ({"tolerance": 0}, "greater than 0"),
    ],
)
def test_price_settings__that_make_no_sense__are_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason.replace("{", r"\{").replace("}", r"\}")):
        PriceSettings.model_validate(given)
