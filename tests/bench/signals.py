"""Time of a decision by the network, beside a bare call of onnxruntime."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from time import perf_counter, process_time

import numpy as np
import onnxruntime
from eth_account import Account
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from keepers.contracts.messages import RebalanceSignal, model_id
from keepers.operations.signal_data import packaged
from keepers.signals.features import Frame, definition_hash, feature_named
from keepers.signals.preparation import Preparation
from keepers.signals.regimes.committee import HIDDEN, Committee, to_grid
from keepers.signals.regimes.forecast import RegimeForecast
from keepers.signals.regimes.inputs import WIDE, Inputs, newest
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.model import Card, TrainedModel
from keepers.signals.regimes.onnx_file import INPUT, OUTPUT, encoded
from keepers.signals.regimes.serving import ServedModel
from keepers.signals.regimes.training import BATCH, RATE, SEEDS, Lesson, fit
from keepers.signals.signal import Observed, RegimeSignal, regime_inputs_hash
from keepers.signers.keys import LocalSigner
from keepers.signers.signing import sign_quorum
from tests.bench.framework import Bench, Row

GROUP = "Signals"
MEMBERS = 20
TIMES = 2_000
METHOD = (
    f"The network of decision 165 with {MEMBERS} members and drawn weights, one thread; {TIMES:,} calls in turns with "
    "the peer's: `InferenceSession.run` of the same file on the same row. A decision checks the row, runs the file, "
    "and hashes inputs and weights."
)
WHOLE = "The same from thirty years of closes of the index and twenty stocks: history, 53 inputs, decision; 100 calls."

SIGNED = "The decision, the message of a rebalance of six assets, and the signatures of a quorum of two on it."
PORTFOLIO = "0x" + "11" * 20
SIGNERS = tuple(LocalSigner(Account.from_key(bytes([key]) * 32)) for key in (1, 2))
TRAINED = 10
LEARNT = (
    "Training on all labelled days of the packaged index, CPU seconds, once each. Ours trains four times, thrice on "
    "parts of the days to calibrate, and with dropout; the peer trains once, with neither."
)


def model() -> TrainedModel:
    """A network of the real shape; what it says does not change how long it takes."""
    rng = np.random.default_rng(1)
    features = [feature_named(name) for name in WIDE]
    columns = 6 + len(WIDE)
    shapes = list(pairwise((columns, *HIDDEN, 1)))
    weights = tuple(to_grid(rng.normal(0, rows**-0.5, (MEMBERS, rows, width))) for rows, width in shapes)
    biases = tuple(np.zeros((MEMBERS, 1, width)) for _, width in shapes)
    card = Card(WIDE, definition_hash(features), Label(), date(2022, 12, 28), "0" * 64)
    return TrainedModel(
        card, Preparation.fit(rng.normal(size=(500, columns))), Committee(weights, biases, np.ones(MEMBERS))
    )


def rows(_: Bench) -> list[Row]:
    """A decision from a row of features, and from closes."""
    content = encoded(model())
    served = ServedModel(content)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    frame = packaged("sp500")
    row = newest(frame, [feature_named(name) for name in WIDE], Label())
    observed = Observed(frame.dates, frame.daily["closes"], frame.daily["close"])
    signal = RegimeSignal("network", served, "equal-weight", "minimum-variance")

    def decide() -> bytes:
        probability = float(served.probability(row)[0])
        return regime_inputs_hash(served.weights_hash, RegimeForecast(row[0], probability, probability > 0.5))

    def bare() -> None:
        session.run([OUTPUT], {INPUT: row})

    middle, late = durations(TIMES, decide, bare)
    signed = durations(TIMES, lambda: sign_quorum(rebalance(decide()).message(1, PORTFOLIO), SIGNERS), bare)
    whole, _ = durations(100, lambda: signal.advise(observed))
    return [
        Row(GROUP, "Features to decision, median", "ms", *middle, "bare onnxruntime", 2.0, METHOD),
        Row(GROUP, "Features to decision, 99th percentile", "ms", *late, "bare onnxruntime", 2.0, METHOD),
        Row(GROUP, "Features to signed signal, median", "ms", *signed[0], "bare onnxruntime", None, SIGNED),
        Row(GROUP, "Features to signed signal, 99th percentile", "ms", signed[1][0], None, "", 1.0, SIGNED),
        Row(GROUP, "Closes to decision, median", "ms", whole[0], None, "", None, WHOLE),
        training(frame),
    ]


def rebalance(inputs: bytes) -> RebalanceSignal:
    """A signal of six assets."""
    return RebalanceSignal(
        portfolio=PORTFOLIO,
        assets=tuple(f"0x{index:040x}" for index in range(1, 7)),
        targets=(10**18 // 6,) * 6,
        band_bps=100,
        max_turnover_bps=2_000,
        max_slippage_bps=50,
        valid_from=1_700_000_000,
        valid_until=1_700_001_800,
        nonce=7,
        model_id=model_id("network"),
        input_hash=inputs,
        orders_hash=b"\0" * 32,
    )


def training(frame: Frame) -> Row:
    """CPU seconds of the training of one member with its calibration, beside scikit-learn's network of that shape."""
    inputs = Inputs.of(frame, [feature_named(name) for name in WIDE], Label())
    rows = Preparation.fit(inputs.wide).apply(inputs.wide)
    lesson = Lesson(rows, inputs.turbulent, Label().horizon)
    peer = MLPClassifier(
        HIDDEN, batch_size=BATCH, learning_rate_init=RATE, alpha=0.0, max_iter=TRAINED, n_iter_no_change=TRAINED
    )
    began = process_time()
    fit(lesson, [TRAINED], SEEDS[:1])
    between = process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer.fit(lesson.rows, lesson.labels)
    took = round(between - began, 2), round(process_time() - between, 2)
    return Row(
        GROUP, f"Training of a member, {TRAINED} epochs", "s", *took, "scikit-learn's MLPClassifier", None, LEARNT
    )


def durations(times: int, *calls: Callable[[], object]) -> list[list[float]]:
    """Median and 99th percentile of each call in milliseconds, in turns, after ten that warm up."""
    found = np.zeros((times, len(calls)))
    for turn in range(-10, times):
        for column, call in enumerate(calls):
            began = perf_counter()
            call()
            if turn >= 0:
                found[turn, column] = perf_counter() - began
    return [[round(float(value), 3) for value in 1000 * np.percentile(found, rank, axis=0)] for rank in (50, 99)]
