"""Why a regulated token does not move: the account that it does not admit, and the reason in the token's words."""

from __future__ import annotations

from dataclasses import dataclass

from web3 import Web3
from web3.exceptions import Web3Exception

from scripts._lib.artifacts import artifact, contract_at


@dataclass(frozen=True)
class RequestedTransfer:
    """A transfer that somebody else may have asked for.

    Attributes:
        token: Address of the token.
        operator: Caller of the token: the sender, or a spender.
        sender, receiver: Accounts whose balances change.
        amount: Smallest units, at least one.
    """

    token: str
    operator: str
    sender: str
    receiver: str
    amount: int


def obstacle(w3: Web3, movement: RequestedTransfer) -> str | None:
    """The account that a regulated token does not admit, why, and what to do about it.

    Returns:
        None if it admits everybody here, or is no regulated token of this protocol.
    """
    token = contract_at(w3, movement.token, artifact("ComplianceAwareToken").abi)
    parties = movement.sender, movement.receiver, movement.amount
    try:
        engine = contract_at(w3, token.functions.engine().call(), artifact("AutomatedComplianceEngine").abi)
        account, code = engine.functions.checkTransfer(movement.token, movement.operator, *parties).call()
        if code == 0:
            # The token itself knows pauses, freezes and balances.
            account, code = movement.sender, token.functions.detectTransferRestriction(*parties).call()
        if code == 0:
            return None
        return f"does not admit {account}: {token.functions.messageForTransferRestriction(code).call()}"
    except (Web3Exception, ValueError):
        return None


def is_admitted(w3: Web3, token: str, account: str) -> bool:
    """True if a regulated token knows an account, as a holder or a venue; any other token knows everybody."""
    try:
        registry = contract_at(w3, token, artifact("ComplianceAwareToken").abi).functions.identityRegistry().call()
        known = contract_at(w3, registry, artifact("IdentityRegistry").abi).functions.identityOf(account).call()
    except (Web3Exception, ValueError):
        return True
    country, is_venue = known[0], known[3]
    return bool(country or is_venue)
