"""States of the breaker and all transitions between them: contracts/risk/Breaker.sol. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.portfolio.state import STATES

NORMAL, WARNING, DE_RISK_ONLY, HALTED = range(len(STATES))


@dataclass
class Breaker:
    """Breaker.Status of a portfolio that no guardian touches.

    Attributes:
        state: Index in `keepers.portfolio.state.STATES`.
        held: True if only an administrator ends the state.
        inside_since: Unix seconds of the start of a recovery; 0 if none has begun.
    """

    state: int = NORMAL
    held: bool = False
    inside_since: int = 0

    @property
    def name(self) -> str:
        """Name of the state."""
        return STATES[self.state]

    def escalate(self, target: int) -> None:
        """Moves to the stricter of the state and a target, and ends a recovery."""
        self.inside_since = 0
        if target <= self.state:
            return
        self.state = target
        self.held = self.held or target == HALTED

    def recover(self, now: int, cooling: int) -> None:
        """Starts a recovery or, once the cooling time is over, ends it; the caller has seen that all is inside."""
        if self.held or self.state == HALTED:
            return
        if self.inside_since == 0:
            self.inside_since = now
        elif now >= self.inside_since + cooling:
            self.inside_since, self.state = 0, NORMAL
