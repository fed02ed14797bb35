"""A token's address answers ERC-20 itself and hands over the rest; what the rest changes is what it answers with."""

import ape
import pytest
from eth_utils import keccak


@pytest.fixture
def token(create_token):
    return create_token()


def test_entry__functions_of_its_own__are_erc20_and_permit_alone():
    own = {abi.selector for abi in ape.project.TokenEntry.contract_type.methods}
    assert own == {
        "name()", "symbol()", "decimals()", "totalSupply()", "balanceOf(address)", "allowance(address,address)",
        "transfer(address,uint256)", "transferFrom(address,address,uint256)", "approve(address,uint256)",
        "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", "nonces(address)", "DOMAIN_SEPARATOR()",
        "eip712Domain()",
    }  # fmt: skip


@pytest.mark.parametrize("data", ["0x", "0x" + keccak(text="mint(address,uint256)").hex()[:8] + "00" * 64])
def test_entry__sent_ether__is_refused(token, chain, issuer, data):
    with pytest.raises(ape.exceptions.ContractLogicError):
        issuer.transfer(token, 1, data=data)
    assert token.balance == 0


def test_entry__unknown_function__is_refused(token, issuer):
    with pytest.raises(ape.exceptions.ContractLogicError):
        issuer.transfer(token, 0, data="0x12345678")


def test_entry__state_that_the_token_keeps__is_what_it_answers_with(token, chain, token_factory):
    """Both read the same slots: only the token's code writes the name and the decimals."""
    provider = chain.provider
    whole = {abi.selector: abi for abi in token.contract_type.view_methods}
    for selector in ("name()", "symbol()", "decimals()", "totalSupply()", "DOMAIN_SEPARATOR()"):
        call = {"to": token.address, "data": "0x" + keccak(text=selector).hex()[:8]}
        answered = provider.make_request("eth_call", [call, "latest"])
        code = provider.make_request("eth_getCode", [token_factory.implementation(), "latest"])
        handed = provider.make_request("eth_call", [call, "latest", {token.address: {"code": code}}])
        assert selector in whole and answered == handed
