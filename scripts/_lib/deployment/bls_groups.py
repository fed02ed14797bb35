"""Deploys the accounts of BLS groups and gives them their keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eth_utils.abi import function_signature_to_4byte_selector
from web3.contract import Contract
from web3.exceptions import ContractCustomError

from scripts._lib.deployment.bls import BlsGroup, BlsKey
from scripts._lib.deployment.chain import Artifact, Chain, DeploymentError, salt_of

NOT_POSSESSED = "0x" + function_signature_to_4byte_selector("BlsSigners__NotPossessed(uint256)").hex()
UNAUTHORIZED = "0x" + function_signature_to_4byte_selector("AccessManagedUnauthorized(address)").hex()


def contract_name(group: str) -> str:
    """Returns the name of a BLS group among contracts, which it stands beside."""
    return f"BLS group {group}"


class BlsGroups:
    """The BLS groups of a deployment.

    Args:
        chain: Chain that they are deployed on.
        artifact: Artifact of BlsSigners.
        contracts: Contracts by name, among which the groups' accounts are put.
        act: Calls a restricted function: what it does, the contract's name, the function, its arguments.
    """

    def __init__(
        self, chain: Chain, artifact: Artifact, contracts: dict[str, Contract], act: Callable[..., None]
    ) -> None:
        self._chain = chain
        self._artifact = artifact
        self._contracts = contracts
        self._act = act

    def create(self, groups: Mapping[str, BlsGroup]) -> dict[str, dict[str, Any]]:
        """Accounts first: what their keys sign depends on the account, and all that is missing is said at once.

        Returns:
            The record of each group.

        Raises:
            DeploymentError: If a proof of possession is missing or wrong.
        """
        missing: list[str] = []
        for name, group in groups.items():
            args = [self._contracts["AccessManager"].address]
            made = self._chain.deploy(contract_name(name), self._artifact, args, salt_of("bls", name))
            self._contracts[contract_name(name)] = made.contract
            missing += [
                f"bls_groups.{name}.keys.{position} signs {self._possession(name, key)}"
                for position, key in enumerate(group.keys)
                if key.proof is None
            ]
        if missing:
            raise DeploymentError(f"proofs of possession are missing; {'; '.join(missing)}; add them and run again")
        record: dict[str, dict[str, Any]] = {}
        for name, group in groups.items():
            self._set_keys(name, group)
            record[name] = {"address": self._contracts[contract_name(name)].address, "threshold": group.threshold}
        return record

    def _possession(self, name: str, key: BlsKey) -> str:
        """Returns the message, 32 bytes, that a key of a group signs to prove its possession."""
        message = self._contracts[contract_name(name)].functions.possessionMessage(key.public).call()
        return "0x" + bytes(message).hex()

    def _set_keys(self, name: str, group: BlsGroup) -> None:
        """The first ones only: keys that are set again bring back what the guardian has revoked."""
        account = self._contracts[contract_name(name)].functions
        count, threshold, _ = account.quorum().call()
        if count == 0:
            self._require_possessed(name, group)
            args = (group.publics, group.proofs, group.threshold)
            self._act(f"set the keys of {contract_name(name)}", contract_name(name), "setKeys", *args)
            return
        there = b"".join(account.keyAt(position).call() for position in range(count))
        if (there, threshold) != (group.publics, group.threshold):
            note = f"note: {contract_name(name)} has {threshold} of {count} keys of its own; change them by setKeys"
            self._chain.log(note)

    def _require_possessed(self, name: str, group: BlsGroup) -> None:
        """Asks the account, which is the judge, and says in words what it refuses."""
        account = self._contracts[contract_name(name)]
        set_keys = account.functions.setKeys(group.publics, group.proofs, group.threshold)
        try:
            set_keys.call({"from": self._chain.sender.address})
        except ContractCustomError as error:
            data = str(error.data)
            if data.startswith(NOT_POSSESSED):
                position = int(data[len(NOT_POSSESSED) :], 16)
                message = self._possession(name, group.keys[position])
                raise DeploymentError(
                    f"bls_groups.{name}.keys.{position}.proof: is not its key's signature of {message}; sign that"
                ) from None
            if not data.startswith(UNAUTHORIZED):
                raise DeploymentError(
                    f"bls_groups.{name}: keys or proofs are no points of their groups ({data}); encode them again"
                ) from None
