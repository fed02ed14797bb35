"""I3, I7: the desk's integers and the contract's, book by book: the same numbers, and the same answer to every limit.

A quick run compares two thousand books, a deep one (QUANTERA_FUZZ=deep) a million. One book in fifty lies as near
to a limit as one unit of cash leads, most of them within one unit of 1e-18.
"""

from __future__ import annotations

import os

import ape
import numpy as np
import pytest

from keepers.backtest.refusals import Rejected
from keepers.backtest.risk import Exposure, PostedModel, measure, require_closer
from keepers.portfolio.state import OFF, Limits, ModelInfo
from keepers.risk.fixed_point import to_fixed_point
from tests.fixtures.protocol import WAD

BOOKS = 1_000_000 if os.environ.get("QUANTERA_FUZZ") == "deep" else 2_000
BATCH = 100
BPS_TO_WAD = 10**14
FIELDS = ("var95", "var99", "es975", "volatility", "herfindahl", "leverage", "max_weight", "max_component")
"""Numbers in the order of the harness."""
LIMITS = {
    "var99": "max_var99_bps", "max_weight": "max_weight_bps", "var95": "max_var95_bps", "es975": "max_es975_bps",
    "volatility": "max_volatility_bps", "max_component": "max_component_bps", "herfindahl": "max_herfindahl_bps",
    "leverage": "max_leverage_bps",
}  # fmt: skip


@pytest.fixture
def harness(admin):
    return admin.deploy(ape.project.PackedCovarianceHarness)


def random_model(rng: np.random.Generator) -> PostedModel:
    """A covariance matrix of up to 12 assets, and tails between the normal's and Cantelli's."""
    size = int(rng.integers(1, 13))
    loadings = rng.normal(size=(size, int(rng.integers(1, size + 3))))
    correlation = loadings @ loadings.T + rng.choice([1e-6, 1e-2, 1.0]) * np.eye(size)
    scale = np.sqrt(np.diag(correlation))
    volatilities = 10 ** rng.uniform(-3, 0.4, size)
    matrix = correlation / np.outer(scale, scale) * np.outer(volatilities, volatilities)
    tails = tuple(int(rng.uniform(*ends) * WAD) for ends in ((1.3, 4.3), (2.3263, 9.9), (2.3378, 6.2)))
    return PostedModel(ModelInfo("", 0, 1, size, 1, *tails), tuple(to_fixed_point(matrix)))


def random_book(rng: np.random.Generator, size: int) -> list[int]:
    """WAD USD of each asset, cash first: from dust to billions, in a few assets or all of them."""
    nav = 10 ** rng.uniform(-15, 10)
    shares = rng.dirichlet(np.full(size + 1, rng.choice([0.1, 1.0, 30.0]))) * nav
    return [int(share * WAD) for share in shares]


def random_limits(rng: np.random.Generator) -> Limits:
    """Every limit that trades can mend, in basis points; some are off."""
    drawn = {field: int(rng.choice([rng.integers(1, 10_001), OFF])) for field in LIMITS.values()}
    drawn |= {field: min(drawn[field], 10_000) for field in ("max_var99_bps", "max_weight_bps")}
    return Limits(max_drawdown_bps=10_000, halt_drawdown_bps=10_000, **drawn)


def at_a_limit(book: list[int], model: PostedModel, limits: Limits, part: int, rng: np.random.Generator) -> list[int]:
    """The book with so much cash that a number is the least above its limit, or the largest that is not.

    Books that are inside of every limit without any cash stay as they are.
    """
    caps = {name: getattr(limits, field) * BPS_TO_WAD * part // 10_000 for name, field in LIMITS.items()}
    bare = measure([0, *book[1:]], model)
    beyond = [name for name, cap in caps.items() if getattr(bare, name) > cap]
    if not beyond:
        return book
    name = str(rng.choice(beyond))
    low, high = 0, sum(book[1:]) * 10**5
    while high - low > 1:
        middle = (low + high) // 2
        if getattr(measure([middle, *book[1:]], model), name) > caps[name]:
            low = middle
        else:
            high = middle
    return [high if rng.integers(2) else low, *book[1:]]


def is_outside(found: Exposure, limits: Limits, warned: bool) -> bool:
    """The desk's answer: a book that is no nearer to a limit than itself may stay only inside of all of them."""
    try:
        require_closer(found, found, (0, 0), limits, warned=warned, derisking=False)
    except Rejected:
        return True
    return False


def test_desk_and_chain__any_book__have_the_same_numbers_and_breaches(harness):
    rng = np.random.default_rng(20_240_601)
    outside = near = 0
    for _ in range(BOOKS // BATCH):
        model, limits, warned = random_model(rng), random_limits(rng), bool(rng.integers(2))
        part = 9_600 if warned else 10_000
        books = [random_book(rng, model.info.size) for _ in range(BATCH)]
        for index in range(0, BATCH, 50):
            large = [(value + 1) * 10**6 for value in books[index]]
            books[index] = at_a_limit(large, model, limits, part, rng)
        tails = (model.info.z95, model.info.z99, model.info.es975)
        numbers, breached = harness.measureMany(list(model.entries), books, tails, tuple(vars(limits).values()), part)
        for book, told, broken in zip(books, numbers, breached, strict=True):
            found = measure(book, model)
            assert tuple(map(int, told)) == tuple(getattr(found, field) for field in FIELDS), (book, model)
            assert is_outside(found, limits, warned) == broken, (book, model, limits)
            outside += broken
            near += any(
                abs(getattr(found, name) - getattr(limits, field) * BPS_TO_WAD * part // 10_000) <= 1
                for name, field in LIMITS.items()
            )
    assert BOOKS // 10 < outside < BOOKS * 9 // 10 and near > BOOKS // 200
