"""AirSwap's SwapERC20 from its package, on a local chain, and quotes that a maker signs for it."""

from __future__ import annotations

from dataclasses import dataclass

from eth_account.messages import SignableMessage, encode_typed_data
from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.contract import Contract

from scripts._lib.artifacts import package_artifact
from scripts._lib.transactions import deploy

FEE_BPS = 5
"""The protocol's fee on a local chain. The maker pays it on top of the quote, and signs it."""
QUOTE_WORDS = 168
"""The bit of a hop's word from which eight bits say how many words of a quote follow."""
_ARTIFACT = "@airswap/swap-erc20/build/contracts/SwapERC20.sol/SwapERC20.json"
_ORDER_TYPE = [
    {"name": "nonce", "type": "uint256"},
    {"name": "expiry", "type": "uint256"},
    {"name": "signerWallet", "type": "address"},
    {"name": "signerToken", "type": "address"},
    {"name": "signerAmount", "type": "uint256"},
    {"name": "protocolFee", "type": "uint256"},
    {"name": "senderWallet", "type": "address"},
    {"name": "senderToken", "type": "address"},
    {"name": "senderAmount", "type": "uint256"},
]


def deploy_airswap(w3: Web3, deployer: str) -> Contract:
    """SwapERC20, whose fees the deployer governs and gets; without rewards for staking."""
    return deploy(w3, deployer, package_artifact(_ARTIFACT), FEE_BPS, FEE_BPS, deployer, 0, 0)


@dataclass(frozen=True)
class Quote:
    """A maker's offer; AirSwap's OrderERC20 has the same fields and calls maker and taker signer and sender.

    Attributes:
        nonce: A number that the maker has not used before.
        expiry: Unix seconds; the offer ends there.
        maker: Address of the account that pays `maker_amount` of `maker_token`, in smallest units.
        taker: The only caller that may use the offer: the AirSwapAdapter.
        taker_token, taker_amount: Token and amount that the maker gets, in smallest units.
    """

    nonce: int
    expiry: int
    maker: str
    maker_token: str
    maker_amount: int
    taker: str
    taker_token: str
    taker_amount: int

    def message(self, settlement: Contract) -> SignableMessage:
        """Returns the message that the maker signs (EIP-712), for this SwapERC20 and its present fee."""
        domain = {
            "name": "SWAP_ERC20",
            "version": "4.3",
            "chainId": settlement.w3.eth.chain_id,
            "verifyingContract": settlement.address,
        }
        order = {
            "nonce": self.nonce,
            "expiry": self.expiry,
            "signerWallet": self.maker,
            "signerToken": self.maker_token,
            "signerAmount": self.maker_amount,
            "protocolFee": settlement.functions.protocolFee().call(),
            "senderWallet": self.taker,
            "senderToken": self.taker_token,
            "senderAmount": self.taker_amount,
        }
        return encode_typed_data(domain, {"OrderERC20": _ORDER_TYPE}, order)

    def signed(self, key: LocalAccount, settlement: Contract) -> tuple[int, ...]:
        """The quote's words in a route, as IAirSwapAdapter has them."""
        signature = key.sign_message(self.message(settlement))
        amounts = (self.nonce, self.expiry, int(self.maker, 16), self.maker_amount, self.taker_amount)
        return (*amounts, signature.v, signature.r, signature.s)


def quoted_path(market: str, zero_for_one: bool, amount: int, quote: tuple[int, ...]) -> list[int]:
    """A path over a signed quote, as ILiquidityAggregator.swapRoute has it.

    Args:
        market: The market's key.
        zero_for_one: True if token0 goes in.
        amount: Smallest units that go in.
        quote: The quote's words.
    """
    hop = int(market, 16) | zero_for_one << 160 | 1 << 161 | len(quote) << QUOTE_WORDS
    return [amount, hop, *quote]
