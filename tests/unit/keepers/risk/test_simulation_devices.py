"""A device of torch against numpy: the same draws, and results that differ by rounding only.

Where no CUDA device exists, torch's own processor runs the same code, and a warning says what was not shown.
"""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import torch

from keepers.risk.errors import RiskError
from keepers.risk.simulation import devices
from keepers.risk.simulation.books import Books, simulate_books
from keepers.risk.simulation.devices import TorchDevice
from keepers.risk.simulation.draws import Sampling
from keepers.risk.simulation.engine import Simulation, run
from keepers.risk.simulation.sources import BlockBootstrap, Gaussian, Source, StudentT
from keepers.risk.simulation.tails import tails

FACTORS = np.random.default_rng(0).normal(size=(6, 8)) * 0.004
COVARIANCE = FACTORS @ FACTORS.T
WEIGHTS = np.random.default_rng(1).dirichlet(np.ones(6), 40)
SOURCES = (
    Gaussian(COVARIANCE),
    StudentT(COVARIANCE, 5.0),
    BlockBootstrap(np.random.default_rng(1).standard_t(4, (700, 6)) * 0.01),
)


@pytest.fixture(scope="module")
def device() -> TorchDevice:
    """The CUDA device, or torch's processor with a warning."""
    if torch.cuda.is_available():
        return TorchDevice("cuda")
    warnings.warn(
        "NOT SHOWN: equality on a CUDA device, because torch finds none; its processor stood in", stacklevel=1
    )
    return TorchDevice("cpu")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("sampling", ["plain", "sobol"])
def test_run__torch_device__has_the_losses_and_parts_of_numpy(
    device: TorchDevice, source: Source, sampling: Sampling
) -> None:
    simulation = Simulation(source, WEIGHTS[0], 20_000, 7, (1, 3), sampling)
    theirs, ours = run(simulation, device=device), run(simulation)
    np.testing.assert_allclose(theirs.losses, ours.losses, rtol=1e-12, atol=1e-15)
    for got, want in zip(tails(theirs), tails(ours), strict=True):
        np.testing.assert_allclose(got.var_parts.component, want.var_parts.component, rtol=1e-9, atol=1e-12)
        assert got.shortfall == pytest.approx(want.shortfall, rel=1e-12)


@pytest.mark.parametrize("source", SOURCES)
def test_simulate_books__torch_device__has_the_tails_of_numpy(
    device: TorchDevice, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "TILE", 16)
    books = Books(source, WEIGHTS, 20_000, 7, (1, 3))
    theirs, ours = simulate_books(books, device=device), simulate_books(books)
    for name in ("var", "shortfall", "var_error", "shortfall_error"):
        np.testing.assert_allclose(getattr(theirs, name), getattr(ours, name), rtol=1e-11, atol=1e-15)


def test_torch_device__pickled__is_the_same(device: TorchDevice) -> None:
    assert pickle.loads(pickle.dumps(device)) == device


@pytest.mark.parametrize(
    ("name", "said"), [("cuda:99", "device 'cuda:99': torch"), ("abacus", "device 'abacus': torch cannot use it")]
)
def test_torch_device__not_there__is_one_line(name: str, said: str) -> None:
    with pytest.raises(RiskError, match=said):
        TorchDevice(name)
