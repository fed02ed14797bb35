"""The ERC-7540 vault of a portfolio, by a client that knows nothing but the ERC's own text."""

from dataclasses import dataclass
from typing import Any

import ape
import pytest
from ape.contracts import ContractContainer
from ethpm_types import ContractType

from tests.fixtures.protocol import SWITZERLAND, WAD, YEAR
from tests.reverts import reverts

MAX = 2**256 - 1
HOUR = 3600
DECIMALS = (0, 6, 8, 18)
ERC165, OPERATOR, ERC7575, ASYNC_REDEEM, ASYNC_DEPOSIT = "01ffc9a7", "e3bc4e65", "2f0a18c5", "620ee8e4", "ce3bbe50"


def _function(name: str, inputs: str, outputs: str, mutability: str = "nonpayable") -> dict[str, Any]:
    def typed(types: str) -> list[dict[str, str]]:
        return [{"name": f"a{k}", "type": kind} for k, kind in enumerate(types.split())]

    return {
        "type": "function",
        "name": name,
        "inputs": typed(inputs),
        "outputs": typed(outputs),
        "stateMutability": mutability,
    }


def _event(name: str, *inputs: str) -> dict[str, Any]:
    """`inputs`: "type name" or "type indexed name"."""
    fields = [field.split() for field in inputs]
    return {
        "type": "event",
        "name": name,
        "anonymous": False,
        "inputs": [{"name": f[-1], "type": f[0], "indexed": "indexed" in f} for f in fields],
    }


ERC7540 = [
    _function("share", "", "address", "view"),
    _function("asset", "", "address", "view"),
    _function("totalAssets", "", "uint256", "view"),
    _function("convertToShares", "uint256", "uint256", "view"),
    _function("convertToAssets", "uint256", "uint256", "view"),
    *(_function(f"max{name}", "address", "uint256", "view") for name in ("Deposit", "Mint", "Withdraw", "Redeem")),
    *(_function(f"preview{name}", "uint256", "uint256", "view") for name in ("Deposit", "Mint", "Withdraw", "Redeem")),
    _function("deposit", "uint256 address", "uint256"),
    _function("mint", "uint256 address", "uint256"),
    _function("withdraw", "uint256 address address", "uint256"),
    _function("redeem", "uint256 address address", "uint256"),
    _function("requestRedeem", "uint256 address address", "uint256"),
    _function("pendingRedeemRequest", "uint256 address", "uint256", "view"),
    _function("claimableRedeemRequest", "uint256 address", "uint256", "view"),
    _function("isOperator", "address address", "bool", "view"),
    _function("setOperator", "address bool", "bool"),
    _function("supportsInterface", "bytes4", "bool", "view"),
    _event("Deposit", "address indexed sender", "address indexed owner", "uint256 assets", "uint256 shares"),
    _event(
        "Withdraw",
        "address indexed sender",
        "address indexed receiver",
        "address indexed owner",
        "uint256 assets",
        "uint256 shares",
    ),
    _event(
        "RedeemRequest",
        "address indexed controller",
        "address indexed owner",
        "uint256 indexed requestId",
        "address sender",
        "uint256 shares",
    ),
    _event("OperatorSet", "address indexed controller", "address indexed operator", "bool approved"),
]
"""These come from the texts of ERC-4626, ERC-7540 and ERC-7575, and from nothing of this project."""
STANDARD = ContractContainer(ContractType.model_validate({"contractName": "ERC7540", "abi": ERC7540}))


@dataclass
class Client:
    """The calls of a standard allocator."""

    vault: Any
    asset: Any
    account: Any

    def deposit(self, amount: int) -> int:
        self.asset.approve(self.vault, amount, sender=self.account)
        return int(self.vault.deposit(amount, self.account, sender=self.account).return_value)

    def request(self, shares: int, controller: Any = None, owner: Any = None) -> int:
        controller, owner = controller or self.account, owner or self.account
        return int(self.vault.requestRedeem(shares, controller, owner, sender=self.account).return_value)

    def redeem(self, shares: int, receiver: Any = None, controller: Any = None) -> Any:
        return self.vault.redeem(shares, receiver or self.account, controller or self.account, sender=self.account)

    def withdraw(self, assets: int, receiver: Any = None, controller: Any = None) -> Any:
        return self.vault.withdraw(assets, receiver or self.account, controller or self.account, sender=self.account)

    def states(self, request: int) -> tuple[int, int]:
        """Pending and claimable shares."""
        return (
            int(self.vault.pendingRedeemRequest(request, self.account)),
            int(self.vault.claimableRedeemRequest(request, self.account)),
        )


@pytest.fixture(scope="module")
def settlements(create_settlement, create_feed):
    """A settlement token of each number of decimals, at one dollar."""
    tokens = {}
    for decimals in DECIMALS:
        tokens[decimals] = create_settlement(f"USD{decimals}", decimals)
        create_feed(tokens[decimals], 1, heartbeat=YEAR)
    return tokens


@pytest.fixture
def settlement(request, settlements):
    """Six decimals unless a test says otherwise."""
    return settlements[getattr(request, "param", 6)]


every_token = pytest.mark.parametrize("settlement", DECIMALS, indirect=True, ids=lambda d: f"{d} decimals")


@pytest.fixture
def unit(settlement) -> int:
    """A whole settlement token."""
    return int(10 ** settlement.decimals())


@pytest.fixture
def flagship(create_portfolio, settlement):
    """All cash, shares open to everybody."""
    return create_portfolio(settlement=settlement)


@pytest.fixture
def client_of(portfolio_factory, settlement, admin):
    """`client_of(portfolio, account)`: with a million of the settlement token."""

    def made(portfolio, account):
        settlement.mint(account, 10**6 * 10 ** settlement.decimals(), sender=admin)
        return Client(STANDARD.at(portfolio_factory.vaultOf(portfolio)), settlement, account)

    return made


@pytest.fixture
def client(client_of, flagship, investor):
    """The investor's."""
    return client_of(flagship, investor)


@pytest.fixture
def errors():
    """The vault's own errors."""
    return ape.project.AsyncVault


def wait_for_cash(redemption_queue, portfolio, sender, most=10):
    redemption_queue.fulfil(portfolio, most, sender=sender)


# -- The interface


def test_vault__names_its_share_and_asset(client, flagship, settlement):
    assert client.vault.share() == flagship.address
    assert client.vault.asset() == settlement.address


@pytest.mark.parametrize("id_", (ERC165, OPERATOR, ERC7575, ASYNC_REDEEM))
def test_supports_interface__what_it_is__true(client, id_):
    assert client.vault.supportsInterface(bytes.fromhex(id_))


@pytest.mark.parametrize("id_", (ASYNC_DEPOSIT, "ffffffff"))
def test_supports_interface__what_it_is_not__false(client, id_):
    assert not client.vault.supportsInterface(bytes.fromhex(id_))


def test_previews__of_exits__revert(client, errors):
    for preview in (client.vault.previewRedeem, client.vault.previewWithdraw):
        with reverts(errors.AsyncVault__NoPreview):
            preview(1)


def test_views__of_entry__are_the_portfolios(client, flagship, investor, unit):
    client.deposit(1000 * unit)
    for name in ("totalAssets",):
        assert getattr(client.vault, name)() == getattr(flagship, name)()
    for name in ("convertToShares", "convertToAssets", "previewDeposit", "previewMint"):
        assert getattr(client.vault, name)(12345 * unit) == getattr(flagship, name)(12345 * unit)
    for name in ("maxDeposit", "maxMint"):
        assert getattr(client.vault, name)(investor) == getattr(flagship, name)(investor)


# -- From the deposit to the claim


@every_token
def test_deposit__through_the_vault__as_at_the_portfolio(client, flagship, settlement, investor, unit):
    previewed = client.vault.previewDeposit(1000 * unit)
    settlement.approve(client.vault, MAX, sender=investor)
    receipt = client.vault.deposit(1000 * unit, investor, sender=investor)
    assert receipt.return_value == previewed == flagship.balanceOf(investor)
    (log,) = client.vault.Deposit.from_receipt(receipt)[-1:]
    assert (log.sender, log.owner, log.assets, log.shares) == (investor, investor, 1000 * unit, previewed)
    assert settlement.balanceOf(client.vault) == settlement.allowance(client.vault, flagship) == 0


@every_token
def test_mint__through_the_vault__as_previewed(client, flagship, settlement, investor, unit):
    settlement.approve(client.vault, MAX, sender=investor)
    shares = 777 * unit * 10**6 + 1
    previewed = client.vault.previewMint(shares)
    before = settlement.balanceOf(investor)
    client.vault.mint(shares, investor, sender=investor)
    assert before - settlement.balanceOf(investor) == previewed
    assert flagship.balanceOf(investor) == shares
    assert settlement.balanceOf(client.vault) == 0


@every_token
def test_request__waits_and_is_claimed__from_end_to_end(
    client, flagship, redemption_queue, settlement, investor, spender, keeper, unit
):
    shares = client.deposit(1000 * unit)
    receipt = client.vault.requestRedeem(shares, investor, investor, sender=investor)
    request = receipt.return_value
    (log,) = [entry for entry in client.vault.RedeemRequest.from_receipt(receipt) if entry.sender == investor]
    assert (log.controller, log.owner, log.requestId, log.shares) == (investor, investor, request, shares)
    assert client.states(request) == (shares, 0)
    assert client.vault.maxRedeem(investor) == client.vault.maxWithdraw(investor) == 0

    wait_for_cash(redemption_queue, flagship, keeper)
    assert client.states(request) == (0, shares)
    assert client.vault.maxRedeem(investor) == shares
    assert client.vault.maxWithdraw(investor) == 1000 * unit

    receipt = client.redeem(shares, receiver=spender)
    assert receipt.return_value == settlement.balanceOf(spender) == 1000 * unit
    (log,) = client.vault.Withdraw.from_receipt(receipt)
    assert (log.sender, log.receiver, log.owner) == (investor, spender, investor)
    assert (log.assets, log.shares) == (1000 * unit, shares)
    assert client.states(request) == (0, 0)
    assert client.vault.maxRedeem(investor) == client.vault.maxWithdraw(investor) == 0
    assert flagship.balanceOf(investor) == flagship.totalClaimable(settlement) == 0


def test_request__settled_in_parts__is_claimed_in_parts(
    client, flagship, redemption_queue, settlement, universe, issuer, investor, keeper, admin, unit
):
    """Half of everything is stock: cash comes in twice, at two prices."""
    shares = client.deposit(1000 * unit)
    universe.stocks[0].mint(flagship, 800 * WAD // 50, sender=issuer)
    request = client.request(shares)
    wait_for_cash(redemption_queue, flagship, keeper)
    pending, first = client.states(request)
    assert pending + first == shares
    assert 0 < first < shares
    paid = client.redeem(first // 2).return_value
    settlement.mint(flagship, 500 * unit, sender=admin)
    wait_for_cash(redemption_queue, flagship, keeper)
    pending, second = client.states(request)
    assert pending + second == shares - first // 2
    paid += client.redeem(second).return_value
    assert client.vault.maxWithdraw(investor) == 0
    assert paid + settlement.balanceOf(flagship) == 1500 * unit


def test_claimable__several_requests__claimed_in_order(client, flagship, redemption_queue, keeper, unit):
    shares = client.deposit(1000 * unit)
    first, second = client.request(shares // 4), client.request(shares // 2)
    wait_for_cash(redemption_queue, flagship, keeper)
    client.redeem(shares // 4 + shares // 8)
    assert client.states(first) == (0, 0)
    assert client.states(second) == (0, shares // 2 - shares // 8)


def test_request__for_another_controller__is_the_controllers(
    client, client_of, flagship, redemption_queue, counterparty, investor, keeper, unit, errors
):
    shares = client.deposit(1000 * unit)
    request = client.request(shares, controller=counterparty)
    other = client_of(flagship, counterparty)
    assert client.states(request) == (0, 0)
    assert other.states(request) == (shares, 0)
    wait_for_cash(redemption_queue, flagship, keeper)
    with reverts(errors.AsyncVault__NotAllowed, counterparty, investor):
        client.redeem(shares, controller=counterparty)
    assert other.redeem(shares).return_value == 1000 * unit


# -- Operators


def test_operator__requests_and_claims__for_the_account(
    client, client_of, flagship, redemption_queue, investor, spender, keeper, unit
):
    shares = client.deposit(1000 * unit)
    receipt = client.vault.setOperator(spender, True, sender=investor)
    assert receipt.return_value is True
    (log,) = client.vault.OperatorSet.from_receipt(receipt)
    assert (log.controller, log.operator, log.approved) == (investor, spender, True)
    operator = client_of(flagship, spender)
    operator.request(shares, controller=investor, owner=investor)
    wait_for_cash(redemption_queue, flagship, keeper)
    assert operator.redeem(shares, receiver=investor, controller=investor).return_value == 1000 * unit


def test_operator__revoked_between_request_and_claim__claims_nothing(
    client, client_of, flagship, redemption_queue, investor, spender, keeper, unit, errors
):
    shares = client.deposit(1000 * unit)
    client.vault.setOperator(spender, True, sender=investor)
    operator = client_of(flagship, spender)
    operator.request(shares, controller=investor, owner=investor)
    wait_for_cash(redemption_queue, flagship, keeper)
    client.vault.setOperator(spender, False, sender=investor)
    with reverts(errors.AsyncVault__NotAllowed, investor, spender):
        operator.redeem(shares, controller=investor)
    with reverts(errors.AsyncVault__NotAllowed, investor, spender):
        operator.withdraw(1, controller=investor)


def test_request__thief__reverts(client, client_of, flagship, investor, thief, unit, errors):
    shares = client.deposit(1000 * unit)
    flagship.approve(thief, MAX, sender=investor)
    with reverts(errors.AsyncVault__NotAllowed, investor, thief):
        client_of(flagship, thief).request(shares, owner=investor)


def test_request__operator_of_another_vault__reverts(
    client, client_of, create_portfolio, settlement, investor, spender, unit, errors
):
    shares = client.deposit(1000 * unit)
    other = create_portfolio(settlement=settlement)
    client_of(other, investor).vault.setOperator(spender, True, sender=investor)
    with reverts(errors.AsyncVault__NotAllowed, investor, spender):
        client.vault.requestRedeem(shares, investor, investor, sender=spender)


# -- Adversaries


def test_request__dust__reverts(client, redemption_queue, unit):
    client.deposit(1000 * unit)
    with reverts(redemption_queue.RedemptionQueue__TooSmall):
        client.request(10**6)


def test_claim__more_than_claimable__reverts(client, flagship, redemption_queue, investor, keeper, unit, errors):
    shares = client.deposit(1000 * unit)
    client.request(shares // 2)
    wait_for_cash(redemption_queue, flagship, keeper)
    with reverts(errors.AsyncVault__ExceedsClaimable, investor, shares // 2 + 1, shares // 2):
        client.redeem(shares // 2 + 1)
    with reverts(errors.AsyncVault__ExceedsClaimable, investor, 500 * unit + 1, 500 * unit):
        client.withdraw(500 * unit + 1)


def test_claim__nothing__reverts(client, errors):
    with reverts(errors.AsyncVault__ZeroShares):
        client.redeem(0)
    with reverts(errors.AsyncVault__ZeroAssets):
        client.withdraw(0)


@every_token
def test_claim__in_small_steps__never_more_than_at_once(
    client, flagship, redemption_queue, settlement, investor, keeper, unit
):
    shares = client.deposit(1000 * unit)
    settlement.transfer(flagship, 333 * unit, sender=investor)
    client.request(shares)
    wait_for_cash(redemption_queue, flagship, keeper)
    whole = client.vault.maxWithdraw(investor)
    paid = client.redeem(shares // 7).return_value
    assert paid * shares <= whole * (shares // 7)
    left, rest = shares - shares // 7, whole - paid
    assert client.withdraw(whole // 3).return_value * rest >= left * (whole // 3)
    paid += whole // 3 + client.redeem(client.vault.maxRedeem(investor)).return_value
    assert paid == whole


def test_on_filled__thief__reverts(client, thief, errors):
    vault = ape.project.AsyncVault.at(client.vault.address)
    with reverts(errors.AsyncVault__OnlyQueue, thief):
        vault.onFilled(1, thief, 10**12, 10**12, sender=thief)


def test_claim__cash_of_a_vault__the_portfolio_gives_to_nobody_else(
    client, flagship, redemption_queue, settlement, investor, keeper, unit
):
    shares = client.deposit(1000 * unit)
    client.request(shares)
    wait_for_cash(redemption_queue, flagship, keeper)
    with reverts(flagship.Portfolio__NothingToClaim, settlement, investor):
        flagship.claim(settlement, investor, sender=investor)
    with reverts(flagship.Portfolio__NothingToClaim, settlement, investor):
        flagship.claimPart(settlement, investor, 1, sender=investor)


def test_cancel__at_the_queue__pending_no_more(client, flagship, redemption_queue, investor, unit):
    shares = client.deposit(1000 * unit)
    request = client.request(shares)
    redemption_queue.cancelRedeemRequest(request, sender=investor)
    assert client.states(request) == (0, 0)
    flagship.redeem(shares, investor, investor, sender=investor)


def test_pending__request_at_the_queue_itself__is_not_the_vaults(client, flagship, ask, investor, unit):
    shares = client.deposit(1000 * unit)
    assert client.states(ask(flagship, investor, shares)) == (0, 0)


def test_claim__token_calls_back__claims_once(
    create_portfolio, create_feed, portfolio_factory, redemption_queue, investor, keeper, admin
):
    token = admin.deploy(ape.project.HookedToken)
    create_feed(token, 1, heartbeat=YEAR)
    portfolio = create_portfolio(settlement=token)
    vault = ape.project.AsyncVault.at(portfolio_factory.vaultOf(portfolio))
    token.mint(investor, 1000 * WAD, sender=admin)
    token.approve(vault, MAX, sender=investor)
    shares = vault.deposit(1000 * WAD, investor, sender=investor).return_value
    vault.requestRedeem(shares, investor, investor, sender=investor)
    redemption_queue.fulfil(portfolio, 1, sender=keeper)
    vault.setOperator(token, True, sender=investor)
    token.setHook(vault, vault.redeem.encode_input(shares // 2, investor, investor), sender=admin)
    with reverts(vault.ReentrancyGuardReentrantCall):
        vault.redeem(shares // 2, investor, investor, sender=investor)


# -- Locks and rules


def test_deposit__own_one_while_locked__renews_the_lock(create_portfolio, client_of, settlement, investor, unit):
    client = client_of(create_portfolio(settlement=settlement, policy=(HOUR, 10_000, 0)), investor)
    client.deposit(1000 * unit)
    assert client.deposit(1000 * unit) > 0


def test_deposit__a_thiefs_for_who_is_locked__reverts(
    create_portfolio, client_of, settlement, fee_manager, investor, thief, unit
):
    locking = create_portfolio(settlement=settlement, policy=(HOUR, 10_000, 0))
    client_of(locking, investor).deposit(1000 * unit)
    attacker = client_of(locking, thief)
    settlement.approve(attacker.vault, MAX, sender=thief)
    with reverts(fee_manager.FeeManager__ReceiverLocked):
        attacker.vault.deposit(unit, investor, sender=thief)


def test_request__restricted_shares__the_vault_is_never_a_holder(
    create_portfolio, client_of, settlement, register, redemption_queue, compliance_engine, investor, keeper, unit
):
    restricted = create_portfolio(settlement=settlement, countries=[SWITZERLAND])
    register(investor)
    client = client_of(restricted, investor)
    shares = client.deposit(1000 * unit)
    client.request(shares)
    assert restricted.balanceOf(client.vault) == 0
    assert compliance_engine.holdersOf(restricted, SWITZERLAND)[0] == 1
    wait_for_cash(redemption_queue, restricted, keeper)
    assert client.redeem(shares).return_value == 1000 * unit


def test_request__owner_frozen_while_it_waits__returned(
    create_portfolio, client_of, settlement, register, freeze, redemption_queue, investor, keeper, unit
):
    restricted = create_portfolio(settlement=settlement, countries=[SWITZERLAND])
    register(investor)
    client = client_of(restricted, investor)
    request = client.request(client.deposit(1000 * unit))
    freeze(investor)
    wait_for_cash(redemption_queue, restricted, keeper)
    assert client.states(request) == (0, 0)
    assert restricted.queuedShares(investor) == 0


def test_request__exit_in_kind_meanwhile__ends_it(client, flagship, investor, unit):
    shares = client.deposit(1000 * unit)
    request = client.request(shares)
    flagship.redeemInKind(shares, investor, investor, sender=investor)
    assert client.states(request) == (0, 0)
