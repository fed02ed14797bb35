"""Coin, ERC-2612 and Permit2: what was signed happens, once, and nothing else."""

from __future__ import annotations

import ape
import pytest
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from scripts._lib.transactions import send
from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from scripts._lib.venues.uniswap_v4 import PERMIT2, install_permit2
from tests.fixtures.markets import TERMS
from tests.fixtures.venues import DEEP, TOKEN
from tests.reverts import reverts

APPROVAL, COIN, PERMIT, PERMIT2_ = range(4)
ORDER = "(address,address,uint256,uint256,address,uint40,(uint256,(address,bool)[])[])"
TERMS_TYPE = "(bool,uint16,uint256[])"


@pytest.fixture
def permit2(chain):
    return install_permit2(chain.provider.web3)


@pytest.fixture
def gateway(aggregator, permit2, wrapped_coin, admin):
    return admin.deploy(ape.project.LiquidityGateway, aggregator, PERMIT2, wrapped_coin)


@pytest.fixture
def coin_pair(wrapped_coin, tokens, uniswap_v2, list_pool, liquidity_provider, chain):
    """WETH and the first token, one to one, a thousand each."""
    deposit = uniswap_v2.weth.functions.deposit()
    send(chain.provider.web3, liquidity_provider.address, deposit, value=1000 * TOKEN)
    tokens[0].mint(liquidity_provider, 1000 * TOKEN, sender=liquidity_provider)
    amounts = {wrapped_coin.address: 1000 * TOKEN, tokens[0].address: 1000 * TOKEN}
    return list_pool(uniswap_v2.add_liquidity(liquidity_provider.address, amounts), 1)


@pytest.fixture
def pair(create_v2_pool, tokens):
    return create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})


@pytest.fixture
def is_empty(gateway, aggregator, chain):
    """`is_empty(*tokens)`: neither contract holds anything or has approved the other."""

    def checked(*tokens):
        for contract in (gateway, aggregator):
            assert chain.provider.get_balance(contract.address) == 0
            assert [token.balanceOf(contract) for token in tokens] == [0] * len(tokens)
        assert [token.allowance(gateway, aggregator) for token in tokens] == [0] * len(tokens)

    return checked


def over(pool, token_in, token_out, amount, recipient, limit=0):
    up = int(token_in.address, 16) < int(token_out.address, 16)
    path = (amount, [(pool.address, up)])
    return (token_in.address, token_out.address, amount, limit, recipient, FAR_FUTURE, [path])


def paid_by(account, payment=APPROVAL, nonce=0, deadline=FAR_FUTURE, signature=b""):
    return (payment, account.address, nonce, deadline, signature)


@pytest.fixture
def sign_permit2(permit2, gateway, chain):
    """`sign_permit2(owner, order, to, unwrap, amount)`: a funding over exactly this order."""

    def signed(owner, order, to, unwrap=False, nonce=0, terms=TERMS, deadline=FAR_FUTURE):
        ordered = keccak(encode([ORDER, TERMS_TYPE], [order, terms]))
        witness = keccak(
            encode(
                ["bytes32", "bytes32", "address", "bool"],
                [keccak(text="SwapIntent(bytes32 order,address to,bool unwrap)"), ordered, to.address, unwrap],
            )
        )
        permissions = "TokenPermissions(address token,uint256 amount)"
        stub = (
            "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
            f"SwapIntent witness)SwapIntent(bytes32 order,address to,bool unwrap){permissions}"
        )
        permitted = keccak(encode(["bytes32", "address", "uint256"], [keccak(text=permissions), order[0], order[2]]))
        body = keccak(
            encode(
                ["bytes32", "bytes32", "address", "uint256", "uint256", "bytes32"],
                [keccak(text=stub), permitted, gateway.address, nonce, deadline, witness],
            )
        )
        domain = keccak(
            encode(
                ["bytes32", "bytes32", "uint256", "address"],
                [
                    keccak(text="EIP712Domain(string name,uint256 chainId,address verifyingContract)"),
                    keccak(text="Permit2"),
                    chain.chain_id,
                    PERMIT2,
                ],
            )
        )
        digest = keccak(b"\x19\x01" + domain + body)
        signature = bytes(Account.unsafe_sign_hash(digest, owner.private_key).signature)
        return paid_by(owner, PERMIT2_, nonce, deadline, signature)

    return signed


# -- Coin


def test_swap__coin_in__the_token_comes_out(gateway, trader, tokens, wrapped_coin, coin_pair, is_empty):
    order = over(coin_pair, wrapped_coin, tokens[0], TOKEN, trader.address)
    gateway.swap(order, TERMS, (trader, False), paid_by(trader, COIN), sender=trader, value=TOKEN)
    assert TOKEN * 99 // 100 < tokens[0].balanceOf(trader) < TOKEN
    is_empty(wrapped_coin, tokens[0])


def test_swap__coin_out__coin_arrives(
    gateway, trader, counterparty, tokens, wrapped_coin, coin_pair, fund_trader, is_empty
):
    fund_trader(tokens[0], TOKEN)
    tokens[0].approve(gateway, TOKEN, sender=trader)
    before = counterparty.balance
    order = over(coin_pair, tokens[0], wrapped_coin, TOKEN, gateway.address)
    gateway.swap(order, TERMS, (counterparty, True), paid_by(trader), sender=trader)
    assert TOKEN * 99 // 100 < counterparty.balance - before < TOKEN
    is_empty(wrapped_coin, tokens[0])


def test_swap_exact_out__coin_in__the_rest_comes_back_as_coin(
    gateway, lens, trader, tokens, wrapped_coin, coin_pair, is_empty
):
    order = over(coin_pair, wrapped_coin, tokens[0], TOKEN, trader.address, 5 * TOKEN)
    cost = lens.quoteExactOut.call(order)[0]
    before = trader.balance
    gateway.swapExactOut(
        order,
        TERMS,
        (trader, False),
        paid_by(trader, COIN),
        sender=trader,
        value=5 * TOKEN,
        max_fee=0,
        max_priority_fee=0,
    )
    assert before - trader.balance == cost
    assert tokens[0].balanceOf(trader) == TOKEN
    is_empty(wrapped_coin, tokens[0])


def test_swap_exact_out__coin_out_over_a_pool_that_pays_more_than_asked__the_rest_goes_to_the_receiver(
    gateway,
    market_listing,
    liquidity_provider,
    trader,
    counterparty,
    tokens,
    wrapped_coin,
    coin_pair,
    fund_trader,
    is_empty,
):
    middle, paid, _ = tokens
    for token in (middle, paid):
        token.mint(liquidity_provider, 1000 * TOKEN, sender=liquidity_provider)
    stable = market_listing.create("curve-int128", {middle.address: 1000 * TOKEN, paid.address: 1000 * TOKEN})
    fund_trader(paid, 100 * TOKEN)
    paid.approve(gateway, MAX_UINT256, sender=trader)
    up = int(middle.address, 16) < int(wrapped_coin.address, 16)
    for amount in (TOKEN // 3, TOKEN // 7, 5 * TOKEN):
        path = (amount, [(stable, False), (coin_pair.address, up)])
        ends = (paid.address, wrapped_coin.address, amount, 10 * TOKEN, gateway.address)
        gateway.swapExactOut((*ends, FAR_FUTURE, [path]), TERMS, (counterparty, True), paid_by(trader), sender=trader)
    assert middle.balanceOf(counterparty) > 0
    is_empty(wrapped_coin, middle, paid)


def test_swap__less_coin_than_the_order__wrong_value(gateway, trader, tokens, wrapped_coin, coin_pair):
    order = over(coin_pair, wrapped_coin, tokens[0], TOKEN, trader.address)
    with reverts(gateway.LiquidityGateway__WrongValue, TOKEN - 1, TOKEN):
        gateway.swap(order, TERMS, (trader, False), paid_by(trader, COIN), sender=trader, value=TOKEN - 1)


def test_swap__coin_beside_an_approval__wrong_value(gateway, trader, tokens, pair):
    order = over(pair, tokens[0], tokens[1], TOKEN, trader.address)
    with reverts(gateway.LiquidityGateway__WrongValue, 1, 0):
        gateway.swap(order, TERMS, (trader, False), paid_by(trader), sender=trader, value=1)


def test_swap__coin_for_another_token__wrong_token(gateway, trader, tokens, wrapped_coin, pair):
    order = over(pair, tokens[0], tokens[1], TOKEN, trader.address)
    with reverts(gateway.LiquidityGateway__WrongToken, tokens[0].address, wrapped_coin.address):
        gateway.swap(order, TERMS, (trader, False), paid_by(trader, COIN), sender=trader, value=TOKEN)


def test_receive__coin_from_anybody__refused(gateway, thief):
    with reverts(gateway.LiquidityGateway__UnexpectedCoin, thief.address):
        thief.transfer(gateway, 1)


# -- Approval


def test_swap__of_anothers_approval__not_the_owner(gateway, trader, thief, tokens, pair, fund_trader):
    fund_trader(tokens[0], TOKEN)
    tokens[0].approve(gateway, MAX_UINT256, sender=trader)
    order = over(pair, tokens[0], tokens[1], TOKEN, thief.address)
    with reverts(gateway.LiquidityGateway__NotTheOwner, trader.address, thief.address):
        gateway.swap(order, TERMS, (thief, False), paid_by(trader), sender=thief)


def test_swap__order_pays_the_gateway__wrong_recipient(gateway, trader, tokens, pair):
    order = over(pair, tokens[0], tokens[1], TOKEN, gateway.address)
    with reverts(gateway.LiquidityGateway__WrongRecipient, gateway.address, trader.address):
        gateway.swap(order, TERMS, (trader, False), paid_by(trader), sender=trader)


def test_swap_exact_out__approval__what_is_not_used_comes_back(
    gateway, lens, trader, tokens, pair, fund_trader, is_empty
):
    fund_trader(tokens[0], 3 * TOKEN)
    tokens[0].approve(gateway, 3 * TOKEN, sender=trader)
    order = over(pair, tokens[0], tokens[1], TOKEN, trader.address, 3 * TOKEN)
    cost = lens.quoteExactOut.call(order)[0]
    gateway.swapExactOut(order, TERMS, (trader, False), paid_by(trader), sender=trader)
    assert tokens[0].balanceOf(trader) == 3 * TOKEN - cost
    is_empty(*tokens[:2])


# -- Permit2


@pytest.fixture
def holder(trader, tokens, fund_trader):
    """The trader with a token, approved for Permit2 and nothing else."""
    fund_trader(tokens[0], TOKEN)
    tokens[0].approve(PERMIT2, MAX_UINT256, sender=trader)
    return trader


def test_swap__signed_for_permit2__anyone_may_send_it(gateway, holder, keeper, tokens, pair, sign_permit2, is_empty):
    order = over(pair, tokens[0], tokens[1], TOKEN, holder.address)
    gateway.swap(order, TERMS, (holder, False), sign_permit2(holder, order, holder), sender=keeper)
    assert tokens[0].balanceOf(holder) == 0
    assert tokens[1].balanceOf(holder) > TOKEN * 99 // 100
    is_empty(*tokens[:2])


def test_swap__signature_used_twice__refused(gateway, holder, keeper, tokens, pair, sign_permit2):
    order = over(pair, tokens[0], tokens[1], TOKEN // 2, holder.address)
    funding = sign_permit2(holder, order, holder)
    gateway.swap(order, TERMS, (holder, False), funding, sender=keeper)
    with pytest.raises(Exception, match="0x756688fe"):  # InvalidNonce()
        gateway.swap(order, TERMS, (holder, False), funding, sender=keeper)


@pytest.mark.parametrize("what", ["recipient", "minimum", "terms", "unwrap"])
def test_swap__relayer_changes_what_was_signed__refused(gateway, holder, thief, tokens, pair, sign_permit2, what):
    """The witness is the whole order: a thief who relays it can change nothing."""
    order = over(pair, tokens[0], tokens[1], TOKEN, holder.address, TOKEN // 2)
    funding = sign_permit2(holder, order, holder)
    terms, delivery = TERMS, (holder, False)
    if what == "recipient":
        order, delivery = over(pair, tokens[0], tokens[1], TOKEN, thief.address, TOKEN // 2), (thief, False)
    elif what == "minimum":
        order = over(pair, tokens[0], tokens[1], TOKEN, holder.address)
    elif what == "terms":
        terms = (True, 0, [])
    else:
        order, delivery = over(pair, tokens[0], tokens[1], TOKEN, gateway.address, TOKEN // 2), (thief, True)
        with reverts(gateway.LiquidityGateway__WrongToken):
            gateway.swap(order, terms, delivery, funding, sender=thief)
        return
    with pytest.raises(Exception, match="0x815e1d64"):  # InvalidSigner()
        gateway.swap(order, terms, delivery, funding, sender=thief)
    assert tokens[0].balanceOf(holder) == TOKEN


# -- ERC-2612


def test_swap__permit_in_the_same_call__passes(gateway, trader, chain, tokens, pair, fund_trader, is_empty):
    fund_trader(tokens[0], TOKEN)
    types = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    fields = (keccak(text=types), trader.address, gateway.address, TOKEN, 0, FAR_FUTURE)
    body = keccak(encode(["bytes32", "address", "address", "uint256", "uint256", "uint256"], fields))
    digest = keccak(b"\x19\x01" + bytes(tokens[0].DOMAIN_SEPARATOR()) + body)
    signature = bytes(Account.unsafe_sign_hash(digest, trader.private_key).signature)
    order = over(pair, tokens[0], tokens[1], TOKEN, trader.address)
    gateway.swap(order, TERMS, (trader, False), paid_by(trader, PERMIT, signature=signature), sender=trader)
    assert tokens[1].balanceOf(trader) > TOKEN * 99 // 100
    is_empty(*tokens[:2])


def test_swap__permit_does_not_count__the_allowance_decides(gateway, trader, tokens, pair, fund_trader, is_empty):
    """A permit that somebody else sent first leaves the same state: it counts only once."""
    fund_trader(tokens[0], TOKEN)
    tokens[0].approve(gateway, TOKEN, sender=trader)
    order = over(pair, tokens[0], tokens[1], TOKEN, trader.address)
    funding = paid_by(trader, PERMIT, signature=bytes(65))
    gateway.swap(order, TERMS, (trader, False), funding, sender=trader)
    assert tokens[1].balanceOf(trader) > TOKEN * 99 // 100
    is_empty(*tokens[:2])


def test_swap__neither_permit_nor_allowance__refused(gateway, trader, tokens, pair, fund_trader):
    fund_trader(tokens[0], TOKEN)
    order = over(pair, tokens[0], tokens[1], TOKEN, trader.address)
    funding = paid_by(trader, PERMIT, signature=bytes(65))
    with reverts(tokens[0].ERC20InsufficientAllowance, gateway.address, 0, TOKEN):
        gateway.swap(order, TERMS, (trader, False), funding, sender=trader)
