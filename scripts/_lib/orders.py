"""Shared parts of `ape run quote` and `ape run swap`: contracts, tokens, the best market, the transaction to send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
from eth_typing import HexStr
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import ContractLogicError, Web3Exception
from web3.logs import DISCARD
from web3.types import TxParams, Wei

from keepers.routing.markets import Market, VenueKind
from keepers.rpc.errors import decode_revert
from scripts._lib.admission import RequestedTransfer, is_admitted, obstacle
from scripts._lib.artifacts import artifact, contract_at
from scripts._lib.venues.uniswap import token_at

COIN = "ETH"
"""How a person names the chain's own coin; the gateway wraps and unwraps it."""
KINDS = (
    "none",
    "Uniswap V2",
    "Uniswap V3",
    "Uniswap V4",
    "Balancer V2",
    "Curve (int128)",
    "Curve (uint256)",
    "ERC-4626",
    "adapter",
    "Curve NG (int128)",
    "Curve NG (uint256)",
    "signed quotes",
)
_BPS = 10_000
_MOST = 2**256 - 1
# A uint256 has 78 digits, and no decimals are lost silently.
_EXACT = Context(prec=160, traps=[InvalidOperation])
_LIFETIME = 600
_TARGET, _TOKENS = 2, slice(5, 7)
"""Members of ILiquidityAggregator.Market."""
_ANY_TERMS: tuple[bool, int, list[int]] = (False, 0, [])
_BY_APPROVAL, _BY_COIN = 0, 1
"""ILiquidityGateway.Payment."""


@dataclass(frozen=True)
class Quoted:
    """The amount that one market pays, or asks for.

    Attributes:
        market: Its key.
        kind: One of KINDS.
        zero_for_one: Direction.
        amount: Smallest units: the output of an exact input, or the input for an exact output; zero if refused.
        failure: Reason of a refusal.
        paths: (smallest units, ((market, direction), ...)) of an order that is divided, of the input or of an exact
            output; `market` is the first of the path that takes most. Empty where everything goes through `market`.
    """

    market: str
    kind: str
    zero_for_one: bool
    amount: int
    failure: bytes = b""
    paths: tuple[tuple[int, tuple[tuple[str, bool], ...]], ...] = ()

    @property
    def markets(self) -> tuple[str, ...]:
        """Keys of all markets that take a part."""
        return tuple(market for _, hops in self.paths for market, _ in hops) or (self.market,)

    @property
    def reason(self) -> str:
        """Why it refused, decoded."""
        plain = self.failure.decode("ascii") if self.failure.isascii() and len(self.failure) > 4 else ""
        return plain if plain.isprintable() and plain else decode_revert(self.failure).text


@dataclass(frozen=True)
class Trade:
    """A transaction to send.

    Attributes:
        to: Aggregator or gateway.
        data: Calldata.
        value: Wei.
        spends: Smallest units of the input token, or wei of the coin, that the trader needs.
        approve: Spender that needs an approval for that much; None if coin pays.
        markets: Keys of the markets that it goes through.
    """

    to: str
    data: bytes
    value: int
    spends: int
    approve: str | None
    markets: tuple[str, ...]

    def message(self, trader: str) -> TxParams:
        """Returns the parameters of an eth_call."""
        who, where = (Web3.to_checksum_address(address) for address in (trader, self.to))
        return {"from": who, "to": where, "data": HexStr("0x" + self.data.hex()), "value": Wei(self.value)}


@dataclass(frozen=True)
class SwapSession:
    """A pair of tokens at a deployment.

    Attributes:
        w3: The chain.
        aggregator, lens: Contracts.
        gateway: None where there is none.
        tokens: Input and output token; the wrapped coin for COIN.
        names: Names that the person gave.
        decimals: Decimals of both tokens.
    """

    w3: Web3
    aggregator: Contract
    lens: Contract
    gateway: Contract | None
    tokens: tuple[Contract, Contract]
    names: tuple[str, str]
    decimals: tuple[int, int]

    @classmethod
    def open(cls, w3: Web3, record: Path, token_in: str, token_out: str) -> SwapSession:
        """Opens a deployment's record; tokens are given by address, by symbol of the record, or as COIN.

        Raises:
            click.ClickException: In one line, if something is not there.
        """
        data = _read(record)
        contracts = {
            name: _contract(w3, name, data["contracts"][name]["address"])
            for name in ("LiquidityAggregator", "LiquidityLens", "LiquidityGateway")
            if name in data["contracts"]
        }
        gateway = contracts.get("LiquidityGateway")
        known = {**data.get("assets", {}), **data.get("tokens", {})}
        first, second = (_token(w3, name, known, gateway) for name in (token_in, token_out))
        if first.address == second.address:
            raise click.ClickException(f"{token_in} and {token_out} are the same token; name two")
        places = _decimals(w3, first.address), _decimals(w3, second.address)
        aggregator, lens = contracts["LiquidityAggregator"], contracts["LiquidityLens"]
        return cls(w3, aggregator, lens, gateway, (first, second), (token_in, token_out), places)

    # -- Amounts

    def cost_units(self, amount: str, exact_out: bool = False) -> int:
        """A cost in whole tokens as typed, of the output or for an exact output of the input, in smallest units.

        Zero is a cost.

        Raises:
            click.ClickException: As `units` raises it.
        """
        return 0 if "0" in amount and amount.strip("0") in ("", ".") else self.units(amount, not exact_out)

    def units(self, amount: str, exact_out: bool = False) -> int:
        """Whole tokens as typed, of the input or of an exact output, in smallest units.

        Raises:
            click.ClickException: If it is no amount above zero with so many decimals.
        """
        places = self.decimals[exact_out]
        try:
            scaled = Decimal(amount).scaleb(places, _EXACT)
        except InvalidOperation:
            raise click.ClickException(f"amount {amount!r}: no number; type whole tokens, as in 12.5") from None
        if not scaled.is_finite() or scaled > _MOST:
            raise click.ClickException(f"amount {amount}: more than any token has; type less")
        if scaled <= 0 or scaled != int(scaled):
            raise click.ClickException(f"amount {amount}: not above zero, or finer than {places} decimals")
        return int(scaled)

    def shown(self, amount: int, side: int = 1) -> str:
        """Whole tokens, of the output unless `side` is 0."""
        whole = Decimal(amount).scaleb(-self.decimals[side], _EXACT).normalize(_EXACT)
        return f"{whole:f} {self.names[side]}"

    # -- Quotes

    def quotes(self, amount: int, exact_out: bool = False) -> list[Quoted]:
        """Returns the quote of every listed market of the pair, the best first, refusals last.

        Raises:
            click.ClickException: If there is none.
        """
        found = self.direct(amount, exact_out)
        if not found:
            raise click.ClickException(f"no listed market trades {self.names[0]} for {self.names[1]}; list one first")
        return found

    def direct(self, amount: int, exact_out: bool = False) -> list[Quoted]:
        """Returns what `quotes` returns, and nothing where no market trades the pair directly."""
        ends = self.tokens[0].address, self.tokens[1].address
        answers = self.lens.functions.quotePair(*ends, [1 if exact_out else amount], 0).call()
        found = [Quoted(a[0], KINDS[a[1]], a[3], a[4][0], a[7]) for a in answers]
        if exact_out:
            found = [self._asked(quoted, amount) for quoted in found]
            return sorted(found, key=lambda quoted: quoted.amount or float("inf"))
        return sorted(found, key=lambda quoted: -quoted.amount)

    def listed(self) -> dict[str, Market]:
        """Every listed market by its key."""
        found = {}
        for key in self.aggregator.functions.markets().call():
            kind, fee, target, param, ident, token0, token1 = self.aggregator.functions.marketOf(key).call()
            found[str(key)] = Market(VenueKind(kind), target, token0, token1, fee, param, bytes(ident))
        return found

    def _asked(self, quoted: Quoted, amount_out: int) -> Quoted:
        """Asks the same market for an exact output."""
        order = self.order(quoted, amount_out, 0, self.lens.address)
        try:
            cost, failure = int(self.lens.functions.quoteExactOut(order).call()[0]), b""
        except (ContractLogicError, Web3Exception) as error:
            cost, failure = 0, revert_data(error)
        return Quoted(quoted.market, quoted.kind, quoted.zero_for_one, cost, failure)

    def best(self, amount: int, exact_out: bool = False) -> Quoted:
        """The best of `quotes`.

        Raises:
            click.ClickException: If every market refuses.
        """
        best = self.quotes(amount, exact_out)[0]
        if best.amount == 0:
            shown = self.shown(amount, int(exact_out))
            reason = self.explained(best)
            raise click.ClickException(f"no market trades {shown}: {best.kind} {best.market} says {reason}")
        return best

    def explained(self, quoted: Quoted) -> str:
        """Why a market refused its quote, and which account a regulated token does not admit, if that is why."""
        if quoted.kind != KINDS[2]:
            return quoted.reason
        # No other kind moves a token for a quote: this one pays first, and asks for its input after that.
        pool = self.aggregator.functions.marketOf(quoted.market).call()[_TARGET]
        for token, name in zip(self.tokens, self.names, strict=True):
            if not is_admitted(self.w3, token.address, pool):
                remedy = "its compliance officer makes it a venue account"
                return f"{quoted.reason}: {name} does not admit the pool {pool}; {remedy}"
        asks = self.aggregator.functions.quotes().call()
        if not is_admitted(self.w3, self.tokens[1].address, asks):
            paid = f"{self.names[1]} does not admit {asks}, which a pool of this kind pays when it is asked"
            return f"{quoted.reason}: {paid}; an eligible holder's swap can pass"
        return quoted.reason

    # -- Orders

    def trade(self, quoted: Quoted, amount: int, slippage_bps: int, trader: str, exact_out: bool = False) -> Trade:
        """Everything through a quote's market, or each part on its own path; good for ten minutes of chain time."""
        coin_in, coin_out = (name.upper() == COIN for name in self.names)
        if exact_out:
            limit = -(-quoted.amount * (_BPS + slippage_bps) // _BPS)
        else:
            limit = quoted.amount * (_BPS - slippage_bps) // _BPS
        spends = limit if exact_out else amount
        if self.gateway is None or not (coin_in or coin_out):
            order = self.order(quoted, amount, limit, trader)
            call = ("swapExactOut", [order, _ANY_TERMS]) if exact_out else ("swap", [order])
            return Trade(
                self.aggregator.address,
                _encoded(self.aggregator, *call),
                0,
                spends,
                self.aggregator.address,
                quoted.markets,
            )
        order = self.order(quoted, amount, limit, self.gateway.address if coin_out else trader)
        funding = (_BY_COIN if coin_in else _BY_APPROVAL, trader, 0, 0, b"")
        arguments = [order, _ANY_TERMS, (trader, coin_out), funding]
        data = _encoded(self.gateway, "swapExactOut" if exact_out else "swap", arguments)
        where = self.gateway.address
        approve = None if coin_in else where
        return Trade(where, data, spends if coin_in else 0, spends, approve, quoted.markets)

    def order(self, quoted: Quoted, amount: int, limit: int, recipient: str) -> tuple[Any, ...]:
        """The order as the aggregator and the lens take it."""
        deadline = self.w3.eth.get_block("latest")["timestamp"] + _LIFETIME
        divided = quoted.paths or ((amount, ((quoted.market, quoted.zero_for_one),)),)
        paths = [(part, list(hops)) for part, hops in divided]
        ends = self.tokens[0].address, self.tokens[1].address
        return (*ends, amount, limit, recipient, deadline, paths)

    def require_means(self, trade: Trade, trader: str) -> None:
        """The trader has what it takes.

        Raises:
            click.ClickException: Otherwise.
        """
        token_in = self.tokens[0]
        coin = trade.approve is None
        where = Web3.to_checksum_address(trader)
        held = self.w3.eth.get_balance(where) if coin else token_in.functions.balanceOf(trader).call()
        if held < trade.spends:
            has, needs = self.shown(held, 0), self.shown(trade.spends, 0)
            raise click.ClickException(f"{trader} holds {has} of the {needs} that this may take; type less")

    def approvals(self, trade: Trade, trader: str) -> list[bytes]:
        """Calldata for the input token, one after the other; nothing where nothing is missing."""
        if trade.approve is None:
            return []
        there = self.tokens[0].functions.allowance(trader, trade.approve).call()
        if there >= trade.spends:
            return []
        # Some tokens refuse to change an allowance that is not zero.
        amounts = [0, trade.spends] if there else [trade.spends]
        return [_encoded(self.tokens[0], "approve", [trade.approve, amount]) for amount in amounts]

    def simulate(self, trade: Trade, trader: str) -> None:
        """Runs it without sending it.

        Raises:
            click.ClickException: If it would revert.
        """
        try:
            self.w3.eth.call(trade.message(trader))
        except Web3Exception as error:
            reason = decode_revert(revert_data(error), str(error)).text
            raise click.ClickException(f"the order would revert: {reason}; {self._remedy(trade, trader)}") from None

    def _remedy(self, trade: Trade, trader: str) -> str:
        """Returns the account that a regulated token does not admit on the way, or else asks for a new quote."""
        token_in, token_out = self.tokens
        for market in trade.markets:
            listed = self.aggregator.functions.marketOf(market).call()
            if {token_in.address, token_out.address} != set(listed[_TOKENS]):
                continue
            pool = listed[_TARGET]
            input_ = RequestedTransfer(token_in.address, trade.to, trader, pool, trade.spends)
            output = RequestedTransfer(token_out.address, pool, pool, trader, 1)
            for name, movement in zip(self.names, (input_, output), strict=True):
                if (told := obstacle(self.w3, movement)) is not None:
                    return f"{name} {told}"
        return "quote again"

    def outcome(self, tx_hash: str) -> tuple[int, int]:
        """(in, out) in smallest units, as the aggregator's event has it."""
        receipt = self.w3.eth.get_transaction_receipt(HexStr(tx_hash))
        (event,) = self.aggregator.events.Swapped().process_receipt(receipt, errors=DISCARD)
        return int(event["args"]["amountIn"]), int(event["args"]["amountOut"])


def revert_data(error: Exception) -> bytes:
    """Returns the revert data of a failed call; it is empty if the node did not tell."""
    data = getattr(error, "data", None)
    if isinstance(data, Mapping):
        data = data.get("data")
    text = str(data or "").removeprefix("0x")
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _read(record: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        for name in ("LiquidityAggregator", "LiquidityLens"):
            data["contracts"][name]["address"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise click.ClickException(
            f"{record}: no record of a deployment with an aggregator and its lens ({type(error).__name__}); "
            "name the file that `ape run deploy` wrote"
        ) from None
    return data


def _contract(w3: Web3, name: str, address: str) -> Contract:
    return contract_at(w3, _there(w3, name, address), artifact(name).abi)


def _token(w3: Web3, name: str, known: Mapping[str, str], gateway: Contract | None) -> Contract:
    if name.upper() == COIN and name not in known:
        if gateway is None:
            raise click.ClickException(f"{name}: this deployment has no LiquidityGateway; name a token instead")
        return token_at(w3, gateway.functions.wrappedCoin().call())
    if name not in known and not Web3.is_address(name):
        names = ", ".join([*sorted(known), COIN])
        raise click.ClickException(f"token {name}: neither an address nor in the deployment's record ({names})")
    return token_at(w3, _there(w3, "token", known.get(name, name)))


def _there(w3: Web3, what: str, address: str) -> str:
    if not Web3.is_address(address) or not w3.eth.get_code(Web3.to_checksum_address(address)):
        raise click.ClickException(f"{what} {address}: no contract there on this network; check the address")
    return str(Web3.to_checksum_address(address))


def _encoded(contract: Contract, function: str, arguments: list[Any]) -> bytes:
    return bytes.fromhex(contract.encode_abi(function, arguments)[2:])


def _decimals(w3: Web3, token: str) -> int:
    return int(contract_at(w3, token, artifact("SettlementToken").abi).functions.decimals().call())
