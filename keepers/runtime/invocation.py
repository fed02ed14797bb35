"""The context in which a handler is called."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.rpc.node import Block


@dataclass
class Invocation:
    """One call of a trigger's handler.

    Attributes:
        block: Newest block when the trigger was served; a handler that reads a newer one moves it on.
        trace: Identifier of the log lines that the call leads to.
        reach: Height of the newest block that anything was decided from.
    """

    block: Block
    trace: str
    reach: int = 0
