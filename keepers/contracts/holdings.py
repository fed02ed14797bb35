"""Wallets of persons, and what they hold of every token of an engine: what an officer's action touches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_utils.address import to_checksum_address

from keepers import abi
from keepers.abi import Fragment
from keepers.compliance.movement import Identity
from keepers.compliance.officer_actions import Holding, Token
from keepers.contracts.compliance import ZERO, ComplianceReader
from keepers.rpc.errors import ChainError, NodeRefused, Reverted
from keepers.rpc.events import LogFilter, pages
from keepers.rpc.node import Block, Call, Node, must

_DEFAULTS: dict[str, Any] = {"isFrozen": False, "getFrozenTokens": 0, "paused": False}
"""Answers for a portfolio's shares, which lack these functions: only tokens of the factory freeze and pause."""


class _ShareReader(ComplianceReader):
    """A reader that takes portfolio shares, which judge their holders and freeze none by themselves."""

    def __init__(self, node: Node, token: str, engine: str) -> None:
        self._known_engine = engine
        super().__init__(node, token)

    def _calls(self, calls: Any) -> list[Any]:
        asked = list(calls)
        defaults = {**_DEFAULTS, "engine": self._known_engine}
        return [
            defaults[call.function.name]
            if isinstance(answer, Reverted | NodeRefused) and call.to == self.token and call.function.name in defaults
            else answer
            for call, answer in zip(asked, super()._calls(asked), strict=True)
        ]


def read_token(node: Node, address: str, engine: str) -> tuple[Token, ComplianceReader]:
    """Returns a regulated token of an engine, and its reader.

    Raises:
        ChainError: If the address is none, or another engine's.
    """
    reader = _ShareReader(node, address, engine)
    if reader.engine != engine:
        reason = f"obeys engine {reader.engine}, not the deployment's"
        raise ChainError(f"token {reader.token}", reason, "give the deployment file of its protocol")
    # An issuer chooses the symbol: a line break in it could look like a line of ours.
    symbol = "".join(letter if letter.isprintable() else "?" for letter in reader.symbol)
    return Token(reader.token, symbol, reader.decimals, reader.registry, engine), reader


def regulated_tokens(node: Node, engine: str, first_block: int, page: int) -> list[str]:
    """Returns every token whose rules an engine has opened, in the order of opening."""
    wanted = LogFilter(abi.event("AutomatedComplianceEngine", "RulesOpened"), (engine,))
    read = pages(node, wanted, first_block, node.latest().number, page)
    return list(dict.fromkeys(str(to_checksum_address(event.args["token"])) for one in read for event in one.events))


def holdings(
    node: Node, engine: str, address: str, wallets: Sequence[str], countries: Sequence[int] = ()
) -> list[Holding]:
    """Returns each wallet's holding of a token, the empty ones too, with the rules of more countries than theirs."""
    token, reader = read_token(node, address, engine)
    parties, state = reader.parties(wallets, countries)
    return [Holding(token, party, state) for party in parties]


class Records:
    """Records of one identity registry at one block.

    Args:
        node: A connection.
        registry: Address of the registry.
        block: Block at which it is read.
    """

    def __init__(self, node: Node, registry: str, block: Block) -> None:
        self._node = node
        self.registry = registry
        self._block = block

    def identities(self, accounts: Sequence[str]) -> list[Identity]:
        """Returns the record of each account."""
        return [Identity.of_word(word) for word in self._each("packedIdentityOf", accounts)]

    def onchain_id(self, account: str) -> str | None:
        """Returns the ONCHAINID behind an account, checksummed; None if there is none."""
        return _given(self._one("identity", account))

    def linked(self, accounts: Sequence[str]) -> dict[str, str]:
        """Returns wallet -> ONCHAINID, checksummed, for accounts that have one and every other wallet of these."""
        found = dict(zip(accounts, map(_given, self._each("identity", accounts)), strict=True))
        known = {wallet: onchain_id for wallet, onchain_id in found.items() if onchain_id is not None}
        ids = sorted(set(known.values()))
        for onchain_id, wallets in zip(ids, self._each("walletsOf", ids), strict=True):
            known |= {str(to_checksum_address(wallet)): onchain_id for wallet in wallets}
        return known

    def wallets_of(self, onchain_id: str) -> list[tuple[str, Identity]]:
        """Returns the registered wallets of an ONCHAINID, with their records."""
        return self._recorded(self._one("walletsOf", onchain_id))

    def person(self, account: str) -> list[tuple[str, Identity]]:
        """Returns every wallet of the person behind an account, the account itself first, with their records."""
        _, wallets, _ = self._one("personOf", account)
        return self._recorded([account, *wallets])

    def serves_only(self, token: str) -> bool:
        """Returns True if no other token was ever bound to the registry."""
        return bool(self._one("servesOnly", token))

    def sanctions_list(self) -> str:
        """Returns the address of the list whose entries are marked here."""
        return str(to_checksum_address(self._one("sanctionsList")))

    def _recorded(self, accounts: Sequence[str]) -> list[tuple[str, Identity]]:
        known = list(dict.fromkeys(str(to_checksum_address(account)) for account in accounts))
        return list(zip(known, self.identities(known), strict=True))

    def _one(self, name: str, *args: Any) -> Any:
        return self._node.call(self.registry, _registry(name), *args, block=self._block.number)

    def _each(self, name: str, accounts: Sequence[str]) -> list[Any]:
        calls = [Call(self.registry, _registry(name), (account,)) for account in accounts]
        return [must(answer) for answer in self._node.calls(calls, self._block.number)]


def _registry(name: str) -> Fragment:
    return abi.function("IdentityRegistry", name)


def _given(address: str) -> str | None:
    return None if address == ZERO else str(to_checksum_address(address))
