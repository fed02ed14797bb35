"""A token with a registry of its own, three persons and a claim issuer, as T-REX's fixture sets its suite up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from eth_abi import encode
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils import keccak, to_checksum_address
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError
from web3.logs import DISCARD
from web3.types import RPCEndpoint

from keepers import abi
from keepers.rpc.errors import decode_revert
from scripts._lib.artifacts import Artifact, contract_at, package_artifact
from scripts._lib.transactions import deploy, send
from tests.fixtures.compliance import ZERO, rule

ARTIFACTS = "@tokenysolutions/t-rex/artifacts/"
ONCHAINID = f"{ARTIFACTS}@onchain-id/solidity/contracts/"
TOPIC = 10_101
"""The one claim topic that the registry requires; none of the cases adds it."""
COUNTRIES = {"alice": 42, "bob": 666}
BALANCES = {"alice": 1000, "bob": 500}
CLAIM_KEY, MANAGEMENT_KEY, ECDSA = 3, 1, 1
TERMS = (True, False, 0, 1, 365 * 86_400)
"""IIdentityRegistry.TopicTerms of TOPIC: required, without a date, for no term, retail, for a year."""
_SIGNER = Account.from_key((0x7E3).to_bytes(32, "big"))
# It answers an identity that adds its claim, and reverts for everybody else: T-REX's ClaimIssuerTrick.
_TRICKY_ISSUER = "0x6017600c60003960176000f3" + "6004353314600c57600080fd5b600160005260206000f3"


@dataclass(frozen=True)
class Claim:
    """A signed claim about an identity, as `addClaim` takes it behind topic and scheme."""

    issuer: str
    signature: bytes
    data: bytes


class Suite:
    """The contracts and accounts that a case acts on, each by its name in square brackets.

    `officer` stands for T-REX's owner and deployer, `agent` for its token agent, `another` for a stranger.

    Attributes:
        contracts: Contracts by name.
        noted: Values that a case's beginning leaves for it.
    """

    def __init__(
        self, w3: Web3, accounts: Mapping[str, str], protocol: Mapping[str, Contract], settlement: Artifact
    ) -> None:
        """Deploys the suite.

        Args:
            w3: Node that has the accounts' keys.
            accounts: Addresses of officer, issuer, agent, alice, bob, charlie, david and another.
            protocol: The deployment's contracts by name.
            settlement: ERC-20 token without rules that anyone may mint.
        """
        self.w3, self._settlement = w3, settlement
        self._addresses = {"zero": ZERO, **accounts}
        self.contracts: dict[str, Contract] = {"engine": protocol["AutomatedComplianceEngine"]}
        self.noted: dict[str, Any] = {}
        self._deploy_token(protocol)
        self._deploy_issuer()
        for name in ("alice", "bob", "charlie"):
            self._deploy_identity(name)
        self.claims = {name: self._claimed(name) for name in COUNTRIES}
        self._begin()

    def _deploy_token(self, protocol: Mapping[str, Contract]) -> None:
        factory, salt = protocol["TokenFactory"], keccak(text="T-REX's cases")
        terms = (True, ZERO, (0, 0), [rule() for _ in COUNTRIES], (0, 0, True, 0, ""), ZERO, [self["agent"]])
        params = ("TREXDINO", "TREX", 0, list(COUNTRIES.values()), 0, salt)
        self.do(factory.functions.issueToken(params, terms), self["issuer"])
        token = self._at("ComplianceAwareToken", factory.functions.addressOf(salt).call())
        registry = token.functions.identityRegistry().call()
        self.contracts |= {
            "token": token,
            "registry": self._at("IdentityRegistry", registry),
            "storage": self._at("IdentityRegistryStorage", registry),
            "compliance": self._at("TokenCompliance", token.functions.compliance().call()),
            "factory": factory,
        }

    def _at(self, name: str, address: str) -> Contract:
        return contract_at(self.w3, address, abi.load(name))

    def _deploy_issuer(self) -> None:
        issuer = deploy(
            self.w3,
            self["officer"],
            package_artifact(f"{ONCHAINID}ClaimIssuer.sol/ClaimIssuer.json"),
            self["officer"],
        )
        self.contracts["claim issuer"] = issuer
        key = keccak(encode(["address"], [_SIGNER.address]))
        self.do(issuer.functions.addKey(key, CLAIM_KEY, ECDSA), self["officer"])

    def _deploy_identity(self, name: str) -> None:
        code = package_artifact(f"{ONCHAINID}Identity.sol/Identity.json")
        self.contracts[f"{name}'s identity"] = deploy(self.w3, self[name], code, self[name], False)

    def _claimed(self, name: str) -> Claim:
        data = b"Some public data of a claim."
        digest = keccak(encode(["address", "uint256", "bytes"], [self[f"{name}'s identity"], TOPIC, data]))
        signature = bytes(_SIGNER.sign_message(encode_defunct(digest)).signature)
        claim = Claim(self["claim issuer"], signature, data)
        self.add_claim(name, claim)
        return claim

    def _begin(self) -> None:
        self.act("registry", "setTopicTerms", TOPIC, TERMS)
        self.act("registry", "addTrustedIssuer", "claim issuer", [TOPIC])
        self.act("registry", "addAgent", "agent")
        identities = [self[f"{name}'s identity"] for name in COUNTRIES]
        people = [self[name] for name in COUNTRIES]
        self.act("registry", "batchRegisterIdentity", people, identities, list(COUNTRIES.values()), by="agent")
        self.act("token", "batchMint", people, list(BALANCES.values()), by="agent")

    def __getitem__(self, name: str) -> str:
        """Returns the address of an account or a contract."""
        return self.contracts[name].address if name in self.contracts else self._addresses[name]

    # -- Acting

    def call(self, contract: str, function: str, *arguments: object) -> ContractFunction:
        """Returns a call; a name among the arguments, or in a list of them, stands for its address."""
        return self.contracts[contract].functions[function](*(self._address(argument) for argument in arguments))

    def do(self, call: ContractFunction, by: str) -> Any:
        """Sends a call from an address, and returns its receipt."""
        return send(self.w3, by, call)

    def act(self, contract: str, function: str, *arguments: object, by: str = "officer") -> Any:
        """Sends a call by names, and returns its receipt."""
        return self.do(self.call(contract, function, *arguments), self[by])

    def read(self, contract: str, function: str, *arguments: object, by: str = "another") -> Any:
        """Returns the answer of a call by names."""
        return self.call(contract, function, *arguments).call({"from": self[by]})

    def add_claim(self, name: str, claim: Claim) -> None:
        """Puts a claim on a person's identity, in the person's name."""
        fields = (TOPIC, ECDSA, claim.issuer, claim.signature, claim.data, "")
        self.act(f"{name}'s identity", "addClaim", *fields, by=name)

    def remove_claim(self, name: str, claim: Claim) -> None:
        """Takes a claim off a person's identity."""
        number = keccak(encode(["address", "uint256"], [claim.issuer, TOPIC]))
        self.act(f"{name}'s identity", "removeClaim", number, by=name)

    def register(self, name: str, country: int = 42) -> Any:
        """Registers a person by its identity, and returns the receipt."""
        return self.act("registry", "registerIdentity", name, f"{name}'s identity", country, by="agent")

    def close_countries(self) -> None:
        """Breaks the rules of every transfer: T-REX's module that allows no country."""
        self.act("engine", "blockCountries", "token", list(COUNTRIES.values()))

    def deploy_tricky_issuer(self) -> str:
        """Deploys an issuer that reverts when the registry asks it about a claim, and returns its address."""
        sent = self.w3.eth.send_transaction({"from": self["officer"], "data": _TRICKY_ISSUER, "gas": 200_000})
        return str(self.w3.eth.wait_for_transaction_receipt(sent)["contractAddress"])

    def deploy(self, name: str, path: str, *arguments: object) -> None:
        """Deploys a contract of T-REX's package, as the officer."""
        self.contracts[name] = deploy(
            self.w3, self["officer"], package_artifact(ARTIFACTS + path), *map(self._address, arguments)
        )

    def deploy_settlement(self, name: str) -> None:
        """Deploys an ERC-20 token without rules, which anyone may mint."""
        self.contracts[name] = deploy(self.w3, self["officer"], self._settlement, f"ERC20{name}", name, 0)

    def account(self, serial: int) -> str:
        """Returns an address that nobody has seen."""
        return to_checksum_address(keccak(text=f"account {serial}")[12:])

    # -- Asserting

    def refused(self, call: ContractFunction, by: str, error: str) -> None:
        """Asserts that a call reverts with an error of this name, or with this text.

        Raises:
            AssertionError: If it passes, or reverts with another one.
        """
        try:
            call.call({"from": by})
        except ContractLogicError as raised:
            told = self._told(raised)
            assert told == error, f"{call.fn_name} is refused with {told}, not with {error}"
            return
        raise AssertionError(f"{call.fn_name} passes, and {error} was expected")

    def emits(self, receipt: Any, contract: str, event: str, *values: object) -> None:
        """Asserts that a transaction has an event of a contract with these values."""
        reader = self.contracts[contract].events[event]()
        inputs = reader.abi["inputs"]
        names = [item["name"] for item in inputs]
        # A text that is indexed stands in the event as its hash.
        wanted = [
            keccak(text=str(value)) if item["indexed"] and item["type"] == "string" else self._address(value)
            for item, value in zip(inputs, values, strict=True)
        ]
        logs = reader.process_receipt(receipt, errors=DISCARD)
        found = [[log["args"][name] for name in names] for log in logs if log["address"] == self[contract]]
        assert wanted in found, f"{event}{wanted} is not among {found}"

    def equals(self, wanted: object, contract: str, function: str, *arguments: object) -> None:
        """Asserts what a view answers."""
        answer = self.read(contract, function, *arguments)
        assert answer == self._address(wanted), f"{function} answers {answer}, not {self._address(wanted)}"

    def lacks(self, contract: str, *functions: str) -> None:
        """Asserts that a contract has none of some functions."""
        there = {entry["name"] for entry in self.contracts[contract].abi if entry["type"] == "function"}
        assert not there & set(functions), f"{contract} has {sorted(there & set(functions))}"

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undoes what the block does, on chain and in the list of contracts."""
        known, noted = dict(self.contracts), dict(self.noted)
        snapshot = self.w3.provider.make_request(RPCEndpoint("evm_snapshot"), [])["result"]
        try:
            yield
        finally:
            self.w3.provider.make_request(RPCEndpoint("evm_revert"), [snapshot])
            self.contracts, self.noted = known, noted

    def _address(self, value: object) -> object:
        if isinstance(value, str) and (value in self.contracts or value in self._addresses):
            return self[value]
        return [self._address(item) for item in value] if isinstance(value, list) else value

    def _told(self, raised: ContractLogicError) -> str:
        data = bytes.fromhex(str(raised.data or "0x").removeprefix("0x"))
        for entry in (entry for contract in self.contracts.values() for entry in contract.abi):
            if entry["type"] == "error":
                types = ",".join(item["type"] for item in entry["inputs"])
                if data[:4] == keccak(text=f"{entry['name']}({types})")[:4]:
                    return str(entry["name"])
        found = decode_revert(data)
        return str(found.args[0]) if found.name == "Error" else found.name
