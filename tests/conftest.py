"""Settings and fixtures that every test shares; the fixtures live in tests/fixtures, one file per domain."""

import gc
import os

# One thread per process, also for the processes that tests start: several workers share the cores, and threads that
# wait for one another make a small product of matrices (OpenBLAS) or a step of training (OpenMP, in torch and
# scikit-learn) ten times slower. The libraries read it when they are first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest_plugins = [
    "tests.fixtures.ape_scopes",
    "tests.fixtures.ape_speed",
    "tests.fixtures.ape_sending",
    "tests.fixtures.web3_speed",
    "tests.fixtures.cheap_locks",
    "tests.fixtures.ready_databases",
    "tests.fixtures.actors",
    "tests.fixtures.databases",
    "tests.fixtures.kms",
    "tests.fixtures.kubo",
    "tests.fixtures.protocol",
    "tests.fixtures.deployment",
    "tests.fixtures.compliance",
    "tests.fixtures.venues",
    "tests.fixtures.markets",
    "tests.fixtures.signed_quotes",
    "tests.fixtures.portfolio",
    "tests.fixtures.yields",
    "tests.fixtures.aave",
]


def pytest_collection_finish() -> None:
    """Keeps what collection made out of the collector's sight: walking all of it costs a twentieth of a run's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
