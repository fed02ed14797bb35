"""Gas of a quorum, by how its signers sign."""

from __future__ import annotations

from typing import Any

from eth_account import Account
from eth_utils import keccak
from web3.contract import Contract

from scripts._lib.artifacts import artifact, package_artifact
from scripts._lib.transactions import deploy
from tests.bench.framework import Bench, Row
from tests.fixtures.bls import bls_keys, possessed, together

GROUP = "Signatures"
METHOD = (
    "Gas of whole transactions that call `SignerSets.requireQuorum` and nothing else, their 21,000 and calldata "
    "included, each in a later block than the last. ERC-1271: a wallet with one owner that checks its ECDSA "
    "signature. BLS: one signer of the set, a `BlsSigners` account whose members have all signed."
)
DIGEST = keccak(text="what is signed")
_PROXY = "@openzeppelin/contracts/build/contracts/ERC1967Proxy.json"


def rows(bench: Bench) -> list[Row]:
    """One a path."""
    authority = bench.deploy_authority()
    sets = _sets(bench, authority)
    found = []
    for count, threshold in ((1, 1), (5, 3)):
        owners = sorted((_owner(k) for k in range(count)), key=lambda owner: int(owner.address, 16))
        signed = [(owner.address, _ecdsa(owner)) for owner in owners[:threshold]]
        name = f"EOA, {threshold} of {count}"
        found.append(_measured(bench, sets, name, [owner.address for owner in owners], threshold, signed))
    wallet = bench.deploy("OwnedWallet", _owner(0).address)
    found.append(_measured(bench, sets, "ERC-1271", [wallet.address], 1, [(wallet.address, _ecdsa(_owner(0)))]))
    for count in (3, 10, 50):
        account = bench.deploy("BlsSigners", authority.address)
        keys = bls_keys(count)
        proven = possessed(lambda key, of=account: of.functions.possessionMessage(key).call(), keys)
        bench.send(bench.deployer, account.functions.setKeys(*proven, count))
        signed = [(account.address, together(keys, DIGEST, range(count)))]
        found.append(_measured(bench, sets, f"BLS12-381, {count} of {count}", [account.address], 1, signed))
    return found


def _measured(
    bench: Bench, sets: Contract, name: str, signers: list[str], threshold: int, signed: list[tuple[str, bytes]]
) -> Row:
    key = keccak(text=name)
    bench.send(bench.deployer, sets.functions.createSet(key, signers, threshold))
    gas = bench.gas(bench.trader, sets.functions.requireQuorum(key, DIGEST, signed))
    return Row(GROUP, name, "gas", gas, method=METHOD)


def _sets(bench: Bench, authority: Contract) -> Contract:
    implementation = bench.deploy("SignerSets")
    data = implementation.encode_abi("initialize", [authority.address])
    proxy = deploy(bench.w3, bench.deployer, package_artifact(_PROXY), implementation.address, data)
    return bench.w3.eth.contract(address=proxy.address, abi=artifact("SignerSets").abi)


def _owner(number: int) -> Any:
    return Account.from_key(keccak(text=f"owner {number}"))


def _ecdsa(owner: Any) -> bytes:
    return bytes(Account.unsafe_sign_hash(DIGEST, owner.key).signature)
