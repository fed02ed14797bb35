from __future__ import annotations

import pytest
from eth_abi.abi import encode

from keepers.abi import errors
from keepers.rpc.errors import decode_revert

ASSET = "0x" + "11" * 20


def data_of(name: str, *args: object) -> bytes:
    (fragment,) = [item for item in errors().values() if item.name == name]
    return fragment.encode(*args)


def test_decode_revert__our_error_with_enum_and_address__names_both() -> None:
    found = decode_revert(data_of("RiskEngine__LimitBreached", 1, ASSET, 5, 7, 6))
    assert found.name == "RiskEngine__LimitBreached"
    expected = f"RiskEngine__LimitBreached(metric=Weight, asset={ASSET}, before=5, afterwards=7, limit=6)"
    assert found.text == expected


@pytest.mark.parametrize(
    "name",
    [
        "ERC4626ExceededMaxDeposit",
        "ERC20InsufficientBalance",
        "AccessManagedUnauthorized",
        "AccessManagerUnauthorizedCall",
        "SignerSets__BelowQuorum",
        "PriceOracle__StalePrice",
        "LiquidityAggregator__InsufficientOutput",
        "Portfolio__LossBudgetExceeded",
        "PackedCovariance__NegativeVariance",
        "SafeERC20FailedOperation",
    ],
)
def test_errors__of_every_layer__are_known(name: str) -> None:
    assert name in {fragment.name for fragment in errors().values()}


def test_decode_revert__uniswap_text__shows_it() -> None:
    data = bytes.fromhex("08c379a0") + encode(("string",), ("UniswapV2: K",))
    assert decode_revert(data).text == 'Error("UniswapV2: K")'


def test_decode_revert__panic__says_which() -> None:
    data = bytes.fromhex("4e487b71") + encode(("uint256",), (0x11,))
    assert decode_revert(data).text == "Panic(0x11: arithmetic overflow)"


def test_decode_revert__no_data__takes_the_nodes_words() -> None:
    assert decode_revert(b"", "execution reverted").text == "execution reverted"
    assert decode_revert(b"").text == "no reason"


def test_decode_revert__unknown_or_cut_short__shows_the_bytes() -> None:
    assert decode_revert(bytes.fromhex("deadbeef00")).text == "unknown error 0xdeadbeef00"
    cut = data_of("SignerSets__BelowQuorum", b"\1" * 32, 1, 2)[:20]
    assert decode_revert(cut).text.startswith("SignerSets__BelowQuorum(0x01")
    assert decode_revert(bytes.fromhex("08c379a0ff")).text.startswith("unknown error")
