"""Model files as a keeper runs them: with onnxruntime alone, and only those whose hash is the registered one."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from eth_utils.crypto import keccak
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.extras import imported
from keepers.signals.features import Frame, feature_named
from keepers.signals.regimes.forecast import RegimeForecast, require_inputs
from keepers.signals.regimes.inputs import newest
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.model import Card, require_complete
from keepers.signals.regimes.onnx_file import CARD, INPUT, OUTPUT

Array = NDArray[np.float64]


class ServedModel:
    """A model file in onnxruntime.

    Attributes:
        card: Description that the file carries.
        weights_hash: keccak256 of the file, 32 bytes: `IModelRegistry.Model.weightsHash`.
    """

    card: Card
    weights_hash: bytes

    def __init__(self, content: bytes, registered: bytes | None = None) -> None:
        """Opens a file.

        Args:
            content: Bytes of the file.
            registered: Hash that the chain has for it; None where nothing is signed.

        Raises:
            SignalError: If the hash is another, the file is no model, its shapes are others, or its features are
                defined otherwise by now; or if onnxruntime is not installed.
        """
        self.weights_hash = keccak(content)
        # Nothing of a file that nobody registered is parsed.
        if registered is not None and registered != self.weights_hash:
            raise SignalError(
                f"model file 0x{self.weights_hash.hex()}", f"registered is 0x{registered.hex()}", "use that file"
            )
        self._faults = onnx_faults()
        self._session = onnx_session(content, self._faults)
        self.card = Card.of_text(self._session.get_modelmeta().custom_metadata_map.get(CARD, ""))
        _require_shapes(self._session, self.card.columns)
        self.card.require_current()

    @property
    def label(self) -> Label:
        """Label that it forecasts."""
        return self.card.label

    @property
    def trained_until(self) -> date:
        """Last day whose close it was trained on."""
        return self.card.trained_until

    def forecast(self, frame: Frame) -> RegimeForecast:
        """Forecast at the close of a history's last day.

        Raises:
            SignalError: If the history is too short or lacks an input, or a feature is not finite.
        """
        require_inputs(frame, ("close", "closes"))
        row = newest(frame, [feature_named(name) for name in self.card.features], self.card.label)
        probability = float(self.probability(row)[0])
        return RegimeForecast(row[0], probability, probability > 0.5)

    def probability(self, rows: Array) -> Array:
        """Probability of turbulence: (rows,).

        Args:
            rows: (rows, columns), complete.

        Raises:
            SignalError: If a cell is not finite, the number of columns is another, the file cannot be run, or the
                answer is no probability.
        """
        require_complete(rows, self.card.columns)
        try:
            (found,) = self._session.run([OUTPUT], {INPUT: np.ascontiguousarray(rows)})
        except self._faults as error:
            raise SignalError("the model file", f"cannot be run: {_line(error)}", "export it again") from None
        checked: Array = np.asarray(found, dtype=np.float64)
        if checked.shape != (len(rows),) or not np.all((checked >= 0) & (checked <= 1)):
            raise SignalError("the model's answer", "is no probability for each row", "export the model again")
        return checked


def onnx_session(content: bytes, faults: tuple[type[Exception], ...]) -> Any:
    """A session of onnxruntime with one thread.

    Raises:
        SignalError: If the bytes are no ONNX file, or onnxruntime is not installed.
    """
    runtime = imported("onnxruntime", "onnxruntime", "signals")
    options = runtime.SessionOptions()
    # One row is done before several threads have met.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except faults as error:
        raise SignalError("the model file", f"cannot be opened: {_line(error)}", "export it again") from None


def onnx_faults() -> tuple[type[Exception], ...]:
    """Errors by which onnxruntime says that a file cannot be opened or run."""
    state = imported("onnxruntime.capi.onnxruntime_pybind11_state", "onnxruntime", "signals")
    broken = ("InvalidGraph", "InvalidProtobuf", "InvalidArgument", "Fail")
    unsupported = ("NotImplemented", "NoSuchFile", "NoModel", "RuntimeException")
    return tuple(vars(state)[name] for name in (*broken, *unsupported))


def _line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _require_shapes(session: Any, columns: int) -> None:
    ends = (session.get_inputs(), session.get_outputs())
    found = [[(one.name, one.type, one.shape[1:]) for one in end] for end in ends]
    if found != [[(INPUT, "tensor(double)", [columns])], [(OUTPUT, "tensor(double)", [])]]:
        raise SignalError(
            f"a graph from {found[0]} to {found[1]}", f"not from (n, {columns}) rows to (n)", "export it again"
        )
