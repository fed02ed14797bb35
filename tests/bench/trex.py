"""T-REX 4.1.6 and its ONCHAINID as their package ships them, set up as its documentation does."""

from __future__ import annotations

from typing import Any

from eth_abi import encode
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils import keccak
from web3 import Web3
from web3.contract import Contract

from scripts._lib.artifacts import package_artifact
from scripts._lib.transactions import deploy, send

ARTIFACTS = "@tokenysolutions/t-rex/artifacts/"
NOBODY = "0x" + "00" * 20
TOPIC = 1
EXPIRY = 2**40 - 1
URI = "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
"""A claim's data are its date; its text is at an IPFS address."""
SIGNER = Account.from_key((0xC1A1).to_bytes(32, "big"))
"""Signs claims for the issuer."""

_SUITE = {
    "Token": "contracts/token/Token.sol",
    "ClaimTopicsRegistry": "contracts/registry/implementation/ClaimTopicsRegistry.sol",
    "IdentityRegistry": "contracts/registry/implementation/IdentityRegistry.sol",
    "IdentityRegistryStorage": "contracts/registry/implementation/IdentityRegistryStorage.sol",
    "TrustedIssuersRegistry": "contracts/registry/implementation/TrustedIssuersRegistry.sol",
    "ModularCompliance": "contracts/compliance/modular/ModularCompliance.sol",
}
_MODULES = "contracts/compliance/modular/modules/"
_PROXIES = "contracts/proxy/"
_ONCHAINID = "@onchain-id/solidity/contracts/"
_CLAIM_SIGNER = 3


class OnchainIds:
    """One claim issuer, and identities with its claim.

    Attributes:
        made: Addresses of the identities, in lower case.
    """

    def __init__(self, w3: Web3, owner: str) -> None:
        self.w3, self.owner = w3, owner
        self.made: set[str] = set()
        self.issuer = _deploy(w3, owner, f"{_ONCHAINID}ClaimIssuer.sol/ClaimIssuer.json", owner)
        key = keccak(encode(["address"], [SIGNER.address]))
        send(w3, owner, self.issuer.functions.addKey(key, _CLAIM_SIGNER, 1))

    def create(self) -> Contract:
        """An identity that the owner manages, with a signed claim of TOPIC."""
        identity = _deploy(self.w3, self.owner, f"{_ONCHAINID}Identity.sol/Identity.json", self.owner, False)
        data = encode(["uint256"], [EXPIRY])
        digest = keccak(encode(["address", "uint256", "bytes"], [identity.address, TOPIC, data]))
        signature = SIGNER.sign_message(encode_defunct(digest)).signature
        claim = (TOPIC, 1, self.issuer.address, bytes(signature), data, URI)
        send(self.w3, self.owner, identity.functions.addClaim(*claim))
        self.made.add(identity.address.lower())
        return identity


class Trex:
    """A token with identity registry, one claim topic, CountryAllow and MaxBalance; the owner is agent of all.

    Attributes:
        token: The token's proxy, unpaused.
        registry: Its identity registry.
    """

    def __init__(self, w3: Web3, owner: str, ids: OnchainIds, country: int, most: int) -> None:
        self.w3, self.owner = w3, owner
        suite = {name: _deploy(w3, owner, f"{path}/{name}.json") for name, path in _SUITE.items()}
        authority = _deploy(
            w3,
            owner,
            f"{_PROXIES}authority/TREXImplementationAuthority.sol/TREXImplementationAuthority.json",
            True,
            NOBODY,
            NOBODY,
        )
        self._send(authority.functions.addAndUseTREXVersion((4, 1, 6), [suite[name].address for name in _SUITE]))

        def proxy(name: str, *args: Any) -> Contract:
            made = _deploy(w3, owner, f"{_PROXIES}{name}Proxy.sol/{name}Proxy.json", authority.address, *args)
            return w3.eth.contract(address=made.address, abi=suite[name].abi)

        issuers, topics = proxy("TrustedIssuersRegistry"), proxy("ClaimTopicsRegistry")
        storage = proxy("IdentityRegistryStorage")
        self.registry = proxy("IdentityRegistry", issuers.address, topics.address, storage.address)
        compliance = proxy("ModularCompliance")
        names = (self.registry.address, compliance.address, "Bench", "BENCH", 18, NOBODY)
        self.token = proxy("Token", *names)
        self._send(storage.functions.bindIdentityRegistry(self.registry.address))
        self._send(topics.functions.addClaimTopic(TOPIC))
        self._send(issuers.functions.addTrustedIssuer(ids.issuer.address, [TOPIC]))
        for contract, agent in (
            (self.registry, owner),
            (self.token, owner),
            (self.registry, self.token.address),
        ):
            self._send(contract.functions.addAgent(agent))
        for module, call in (
            ("CountryAllowModule", ("addAllowedCountry", country)),
            ("MaxBalanceModule", ("setMaxBalance", most)),
        ):
            self._add_module(compliance, module, *call)
        self._send(self.token.functions.unpause())

    def _add_module(self, compliance: Contract, name: str, function: str, argument: int) -> None:
        made = _deploy(self.w3, self.owner, f"{_MODULES}{name}.sol/{name}.json")
        start = made.encode_abi("initialize")
        proxy = _deploy(
            self.w3, self.owner, f"{_MODULES}ModuleProxy.sol/ModuleProxy.json", made.address, bytes.fromhex(start[2:])
        )
        self._send(compliance.functions.addModule(proxy.address))
        call = bytes.fromhex(made.encode_abi(function, [argument])[2:])
        self._send(compliance.functions.callModuleFunction(call, proxy.address))

    def _send(self, call: Any) -> None:
        send(self.w3, self.owner, call)


def _deploy(w3: Web3, owner: str, path: str, *args: Any) -> Contract:
    return deploy(w3, owner, package_artifact(ARTIFACTS + path), *args)
