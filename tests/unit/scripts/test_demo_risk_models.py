"""The demo's risk models: read back from the reasons that the risk keeper gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from keepers.risk.model_terms import DEFAULT_TERMS
from keepers.risk.next_model import LastModel, NextModel, next_model
from scripts._lib.demo.risk_models import PostedModels, summarise_models

RETURNS = np.random.default_rng(5).standard_normal((600, 3)) * 0.01
QUICK = replace(DEFAULT_TERMS, tails="normal")


def model(days: int, terms: object = QUICK, last: LastModel | None = None) -> NextModel:
    assert isinstance(terms, type(QUICK))
    return next_model(RETURNS[:days], terms, 1, last)


def standing(found: NextModel) -> LastModel:
    """A model that lets nothing change."""
    return LastModel(found.entries, found.tails, (found.entries, found.entries), 0, 0)


def reason(found: NextModel) -> str:
    return f"closes up to 2020-03-02, {found.reason}"


def test_summarise_models__models_and_a_fallback__are_counted_by_name() -> None:
    found = summarise_models([reason(model(600)), reason(model(550)), reason(model(100))])
    assert found == PostedModels({"garch dcc normal": 2, "ewma normal: 100 observations, fewer than 500": 1}, 0)


def test_summarise_models__student_tails__leave_their_degrees_out_of_the_name() -> None:
    found = summarise_models([reason(model(600, DEFAULT_TERMS)), reason(model(200, DEFAULT_TERMS))])
    assert list(found.models) == ["garch dcc student", "ewma student: 200 observations, fewer than 500"]


def test_summarise_models__held_back_by_the_chain__are_counted_beside() -> None:
    first = model(599)
    held = model(600, last=standing(first))
    assert "held back" in held.reason
    assert summarise_models([reason(first), reason(held)]) == PostedModels({"garch dcc normal": 2}, 1)


def test_summarise_models__other_decisions__count_for_nothing() -> None:
    assert summarise_models(["", "share price 1.0", "12 observations: fewer than 60; give a longer history"]) == (
        PostedModels({}, 0)
    )
