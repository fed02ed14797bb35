"""Deploying: all of it, once, and on from wherever a killed run stopped."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from eth_utils import function_signature_to_4byte_selector
from web3 import Web3
from web3.exceptions import ContractCustomError

from keepers.contracts.deployment import load
from scripts._lib.anvil import SHORT_HISTORY, anvil
from scripts._lib.artifacts import artifact, build, contract_at, package_artifact
from scripts._lib.deployment import roles
from scripts._lib.deployment.artifacts import protocol_artifacts
from scripts._lib.deployment.bls import BlsGroup
from scripts._lib.deployment.chain import CREATE2_FACTORY, Chain, DeploymentError
from scripts._lib.deployment.config import (
    PERMIT2,
    Config,
    ConfigError,
    Secondary,
    SharePolicy,
    TradingWindow,
    load_config,
)
from scripts._lib.deployment.local import UnlockedSender
from scripts._lib.deployment.protocol import ProtocolDeployment
from scripts._lib.deployment.rehearsal import rehearse
from scripts._lib.transactions import deploy, send
from scripts._lib.venues.airswap import deploy_airswap
from tests.fixtures.bls import bls_keys, together
from tests.fixtures.venue_kinds import BEYOND, WAD, create, vault

ROOT = Path(__file__).parents[3]
NOBODY = "0x" + "11" * 20


class KilledError(Exception):
    """The process is gone."""


class MortalSender(UnlockedSender):
    """Dies instead of sending once it has sent `life` transactions."""

    def __init__(self, w3: Web3, address: str, life: int) -> None:
        super().__init__(w3, address)
        self.life = life

    def send(self, to, data, value=0):
        if self.life == 0:
            raise KilledError
        self.life -= 1
        return super().send(to, data, value)


@pytest.fixture(scope="module")
def w3():
    build()
    with anvil() as node:
        yield node


@pytest.fixture(autouse=True)
def scratch(w3):
    """The fixture undoes what a test does on chain."""
    snapshot = w3.provider.make_request("evm_snapshot", [])["result"]
    yield
    w3.provider.make_request("evm_revert", [snapshot])


@pytest.fixture
def config(w3):
    """`config(admin=...)`: two tokens, a universe, a portfolio."""
    owner = w3.eth.accounts[0]
    usd = deploy(w3, owner, artifact("SettlementToken"), "USDC", "USDC", 6).address

    def wanted(admin=owner, holder=owner, more_assets=None, **changes):
        feeds = {
            name: {
                "aggregator": deploy(w3, owner, artifact("MockFeed"), 8, name, 10**8).address,
                "heartbeat": 10**6,
                "min_price": 0.5,
                "max_price": 2,
                "trading_window": {"max_age": 1800},
            }
            for name in ("USDC", "NOTE", "BOND")
        }
        quorum = {"signers": [holder], "threshold": 1}
        rules = {"countries": [840], "classes": ["retail"]}
        return Config.model_validate(
            {
                "network": "unit",
                "admin": admin,
                "roles": {name: {"accounts": [holder], "delay": 100} for name in roles.HELD},
                "assets": {"USDC": usd, **(more_assets or {})},
                "tokens": {name: {"name": name, "rules": rules} for name in ("NOTE", "BOND")},
                "feeds": feeds,
                "universes": {"debt": {"assets": ["NOTE", "BOND"], **quorum}},
                "portfolios": {
                    "income": {
                        "name": "Income",
                        "symbol": "INC",
                        "settlement": "USDC",
                        "assets": ["NOTE", "BOND"],
                        "universe": "debt",
                        "limits": {"max_var99": 1, "max_weight": 5000, "max_drawdown": 1, "halt_drawdown": 1},
                        "loss_budget": {"bps": 1, "window": 1},
                        "share_rules": rules,
                        "identity": {"country": 840, "kyc_expiry": 2**39},
                        **quorum,
                    }
                },
                **changes,
            }
        )

    return wanted


def function_selector(signature):
    return function_signature_to_4byte_selector(signature).hex()


def run(w3, config, sender=None):
    chain = Chain(w3, sender or UnlockedSender(w3, w3.eth.accounts[0]), lambda _: None)
    deployment = ProtocolDeployment(chain, config, protocol_artifacts())
    return deployment.run(), deployment, chain


def test_run__fresh_chain__everything_is_there(w3, config):
    record, deployment, _ = run(w3, config())
    assert len(record.contracts) == 28
    for name, contract in record.contracts.items():
        code = w3.eth.get_code(contract.address)
        assert "0x" + Web3.keccak(code).hex() == contract.code_hash, name
    portfolio = record.portfolios["income"]["address"]
    assert deployment.contracts["PortfolioFactory"].functions.isPortfolio(portfolio).call()
    assert deployment.contracts["RiskEngine"].functions.limitsOf(portfolio).call()[:4] == (1, 5000, 1, 1)


def test_run__a_portfolio__its_vault_is_recorded(w3, config):
    portfolio = run(w3, config())[0].portfolios["income"]
    vault = w3.eth.contract(address=portfolio["vault"], abi=artifact("AsyncVault").abi)
    assert vault.functions.share().call() == portfolio["address"]


def test_run__second_time__sends_nothing(w3, config):
    wanted = config()
    first, _, _ = run(w3, wanted)
    second, _, chain = run(w3, wanted)
    assert chain.sent == 0
    assert second.contracts == first.contracts


@pytest.mark.parametrize("life", [1, 7, 15, 23, 31, 39, 47])
def test_run__killed_half_way__the_next_run_ends_where_one_would_have(w3, config, life):
    wanted = config()
    snapshot = w3.provider.make_request("evm_snapshot", [])["result"]
    whole, _, chain = run(w3, wanted)
    w3.provider.make_request("evm_revert", [snapshot])
    with pytest.raises(KilledError):
        run(w3, wanted, MortalSender(w3, w3.eth.accounts[0], life))
    resumed, _, rest = run(w3, wanted)
    assert life + rest.sent == chain.sent
    addresses = {name: contract.address for name, contract in whole.contracts.items()}
    assert {name: contract.address for name, contract in resumed.contracts.items()} == addresses
    assert resumed.portfolios == whole.portfolios


def test_run__chain_without_create2_factory__brings_it(w3, config):
    from scripts._lib.deployment.chain import CREATE2_FACTORY

    w3.provider.make_request("anvil_setCode", [CREATE2_FACTORY, "0x"])
    run(w3, config())
    assert w3.eth.get_code(CREATE2_FACTORY)


def test_run__wrapped_coin_named__gateway_quotes_and_commitments_serve_one_aggregator(w3, config):
    owner, treasury = w3.eth.accounts[0], w3.eth.accounts[5]
    coin = deploy(w3, owner, package_artifact("@uniswap/v2-periphery/build/WETH9.json")).address
    terms = {"bond": 3, "delay": 4, "lifetime": 5, "beneficiary": treasury}
    record, deployment, _ = run(w3, config(liquidity={"wrapped_coin": coin, "commitments": terms}))
    assert len(record.contracts) == 29
    contracts = deployment.contracts
    aggregator = contracts["LiquidityAggregator"]
    assert aggregator.functions.quotes().call() == contracts["VenueQuotes"].address
    for name in ("LiquidityGateway", "LiquidityLens", "OrderCommitments"):
        assert contracts[name].functions.aggregator().call() == aggregator.address
    gateway, commitments = contracts["LiquidityGateway"].functions, contracts["OrderCommitments"].functions
    assert (gateway.wrappedCoin().call(), gateway.permit2().call()) == (coin, PERMIT2)
    assert (commitments.bond().call(), commitments.delay().call(), commitments.lifetime().call()) == (3, 4, 5)
    assert commitments.beneficiary().call() == treasury


def test_run__commitments_without_a_beneficiary__pay_the_admin(w3, config):
    admin = w3.eth.accounts[1]
    _, deployment, _ = run(w3, config(admin=admin))
    assert deployment.contracts["OrderCommitments"].functions.beneficiary().call() == admin


@pytest.mark.parametrize("serves", [False, True])
def test_run__regulated_tokens__pass_the_gateways_only_where_they_are_named(w3, config, serves):
    _, deployment, _ = run(w3, config(liquidity={"serves_regulated": serves}))
    registry = deployment.contracts["IdentityRegistry"].functions
    is_venue = {
        name: registry.identityOf(deployment.contracts[name].address).call()[3]
        for name in ("LiquidityAggregator", "OrderCommitments")
    }
    assert is_venue == {"LiquidityAggregator": True, "OrderCommitments": serves}


def replaced(config, part, name, **changes):
    """A config of which one feed or portfolio is another."""
    parts = getattr(config, part)
    return config.model_copy(update={part: {**parts, name: parts[name].model_copy(update=changes)}})


@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda c: c.model_copy(update={"assets": {"USDC": NOBODY}}), "assets.USDC 0x1+.*: no contract on chain 31337"),
        (lambda c: c.model_copy(update={"assets": {"USDC": CREATE2_FACTORY}}), "assets.USDC .*: does not tell its dec"),
        (lambda c: replaced(c, "feeds", "NOTE", aggregator=NOBODY), "feeds.NOTE.aggregator .*: no contract"),
        (
            lambda c: replaced(c, "portfolios", "income", policy=SharePolicy(deposit_cap=Decimal("1e-7"))),
            "no whole number of units",
        ),
    ],
    ids=["no token", "no ERC-20", "no feed", "cap below a unit"],
)
def test_run__config_does_not_fit_the_chain__one_line_before_anything_is_sent(w3, config, change, reason):
    Chain(w3, UnlockedSender(w3, w3.eth.accounts[0]), lambda _: None).ensure_create2_factory()
    wanted = change(config())
    sent = w3.eth.get_transaction_count(w3.eth.accounts[0])
    with pytest.raises((DeploymentError, ConfigError), match=reason) as refusal:
        run(w3, wanted)
    assert "\n" not in str(refusal.value) and w3.eth.get_transaction_count(w3.eth.accounts[0]) == sent


def test_run__wrapped_coin_is_no_contract__one_line(w3, config):
    nowhere = Web3.to_checksum_address("0x" + "ab" * 20)
    with pytest.raises(DeploymentError, match=f"wrapped_coin: no contract at {nowhere}"):
        run(w3, config(liquidity={"wrapped_coin": nowhere}))


def take_over(w3, config):
    """The deployment again, for what it says about ADMIN; the admin of the config sends what that asks for."""
    lines = []
    chain = Chain(w3, UnlockedSender(w3, w3.eth.accounts[0]), lines.append)
    ProtocolDeployment(chain, config, protocol_artifacts()).run()
    (note,) = [line for line in lines if "stays ADMIN until" in line]
    data, manager = re.search(r"(0x[0-9a-f]+) to (0x\w{40})$", note).groups()
    w3.eth.wait_for_transaction_receipt(w3.eth.send_transaction({"from": config.admin, "to": manager, "data": data}))
    return note


def test_run__admin_is_another__deployer_stays_admin_until_it_is_taken_away(w3, config):
    deployer, admin, holder = w3.eth.accounts[:3]
    wanted = config(admin=admin, holder=holder)
    _, deployment, _ = run(w3, wanted)
    manager = deployment.contracts["AccessManager"].functions
    assert manager.hasRole(roles.ADMIN, admin).call() == [True, 0]
    assert manager.hasRole(roles.ADMIN, deployer).call()[0]
    take_over(w3, wanted)
    for role in roles.NAMES:
        assert not manager.hasRole(role, deployer).call()[0]
    assert run(w3, wanted)[2].sent == 0


def test_run__admin_waits_out_a_delay__is_told_to_schedule(w3, config):
    deployer, admin, holder = w3.eth.accounts[:3]
    lines = []
    chain = Chain(w3, UnlockedSender(w3, deployer), lines.append)
    ProtocolDeployment(chain, config(admin=admin, holder=holder, admin_delay=60), protocol_artifacts()).run()
    assert "it schedules and sends 0x" in lines[-1]


def test_run__roles__tightening_now_loosening_delayed(w3, config):
    holder = w3.eth.accounts[2]
    _, deployment, _ = run(w3, config(holder=holder))
    manager = deployment.contracts["AccessManager"]
    assert manager.functions.hasRole(roles.MANAGER, holder).call() == [True, 0]
    assert manager.functions.hasRole(roles.MANAGER_DELAYED, holder).call() == [True, 100]


def test_map_roles__contract_beside_the_deployment__its_functions_have_the_tables_roles_once(w3, config):
    _, deployment, chain = run(w3, config())
    manager = deployment.contracts["AccessManager"].functions
    args = (deployment.contracts["AccessManager"].address, deployment.contracts["SignerSets"].address)
    beside = chain.deploy("more plans", deployment.artifacts["YieldPlans"], list(args), b"\x01" * 32).contract.address
    selector = function_signature_to_4byte_selector("cancelNonce(address,uint256)")
    assert manager.getTargetFunctionRole(beside, selector).call() == roles.ADMIN
    deployment.map_roles("YieldPlans", beside)
    assert manager.getTargetFunctionRole(beside, selector).call() == roles.GUARDIAN
    sent = chain.sent
    deployment.map_roles("YieldPlans", beside)
    assert chain.sent == sent


def test_run__after_hand_over_more_is_wanted__says_who_has_to_do_what(w3, config):
    _, admin, holder = w3.eth.accounts[:3]
    wanted = config(admin=admin, holder=holder)
    run(w3, wanted)
    take_over(w3, wanted)
    more = wanted.model_copy(update={"tokens": {**wanted.tokens, "BILL": wanted.tokens["NOTE"]}})
    with pytest.raises(DeploymentError, match=r"cannot issue BILL: 0x\w+ may not call TokenFactory.createToken now"):
        run(w3, more)


def test_run__limits_of_everybody_and_a_second_feed__are_set_once(w3, config):
    wide = {"max_var99": 900, "max_weight": 9000, "max_drawdown": 5000, "halt_drawdown": 9000, "max_leverage": 9500}
    wanted = config(risk={"floors": wide})
    other = deploy(w3, w3.eth.accounts[0], artifact("MockFeed"), 8, "NOTE, elsewhere", 10**8).address
    second = {"aggregator": other, "heartbeat": 3600, "max_deviation": 150}
    note = wanted.feeds["NOTE"].model_copy(update={"secondary": Secondary.model_validate(second)})
    wanted = wanted.model_copy(update={"feeds": {**wanted.feeds, "NOTE": note}})
    record, deployment, _ = run(w3, wanted)
    floors = deployment.contracts["RiskEngine"].functions.floors().call()
    assert (floors[:4], floors[9], floors[14]) == ((900, 9000, 5000, 9000), 9500, -32_768)
    secondary = deployment.contracts["PriceOracle"].functions.secondaryOf(record.tokens["NOTE"]).call()
    assert secondary == (other, 3600, 8, 150)
    _, _, chain = run(w3, wanted)
    assert chain.sent == 0


def test_run__when_an_asset_may_be_traded__is_set_once(w3, config):
    wanted = config()
    hours = {"opens": "14:30", "closes": "20:00", "days": ["fri", "mon", "mon"]}
    trading = TradingWindow.model_validate({"max_age": 900, "hours": hours})
    note = wanted.feeds["NOTE"].model_copy(update={"trading_window": trading})
    wanted = wanted.model_copy(update={"feeds": {**wanted.feeds, "NOTE": note}})
    record, deployment, _ = run(w3, wanted)
    window = deployment.contracts["PriceOracle"].functions.tradingWindowOf(record.tokens["NOTE"]).call()
    assert window == (900, 870, 1200, 0b0010001)
    _, _, chain = run(w3, wanted)
    assert chain.sent == 0


def test_run__optimizer_whose_share_a_portfolio_holds__is_there_once(w3, config):
    owner = w3.eth.accounts[0]
    wanted = config()
    usd = wanted.assets["USDC"]
    vaults = [deploy(w3, owner, artifact("MockVault"), usd).address for _ in range(2)]
    optimizer = {
        "name": "Dollar yield",
        "symbol": "qUSD",
        "asset": "USDC",
        "terms": {"min_liquid": 1000, "loss_budget": 200, "max_gain": 100, "max_loss": 500},
        "strategies": {"first": {"vault": vaults[0], "cap": 6000}, "second": {"vault": vaults[1], "cap": 3000}},
        "share_feed": {"max_growth": 2000, "min_price": 0.5, "max_price": 2},
        "signers": [owner],
        "threshold": 1,
    }
    portfolio = wanted.model_dump()["portfolios"]["income"] | {"assets": ["NOTE", "BOND", "cash"]}
    universes = {"debt": {"assets": ["NOTE", "BOND", "cash"], "signers": [owner], "threshold": 1}}
    wanted = Config.model_validate(
        wanted.model_dump()
        | {"optimizers": {"cash": optimizer}, "universes": universes, "portfolios": {"income": portfolio}}
    )
    record, deployment, _ = run(w3, wanted)
    share = record.optimizers["cash"]["address"]
    there = w3.eth.contract(address=share, abi=artifact("YieldOptimizer").abi).functions
    assert [found[:3] for found in there.strategies().call()] == [(vaults[0], 6000, 1), (vaults[1], 3000, 1)]
    assert there.terms().call() == (1000, 200, 100, 500, 604_800, 3600, 86_400, 604_800)
    assert deployment.contracts["SignerSets"].functions.quorumOf(bytes(12) + bytes.fromhex(share[2:])).call() == [1, 1]
    assert deployment.contracts["PriceOracle"].functions.price(share).call() == 10**18
    portfolio = w3.eth.contract(address=record.portfolios["income"]["address"], abi=artifact("Portfolio").abi)
    assert share in portfolio.functions.assets().call()
    _, _, chain = run(w3, wanted)
    assert chain.sent == 0
    lowered = wanted.model_dump()
    lowered["optimizers"]["cash"]["strategies"]["first"]["cap"] = 5000
    with pytest.raises(DeploymentError, match=r"may not call YieldFactory.setCap now; whoever may has to schedule"):
        run(w3, Config.model_validate(lowered))


def test_run__universe_changed__is_refused(w3, config):
    wanted = config()
    run(w3, wanted)
    changed = wanted.universes["debt"].model_copy(update={"assets": ["BOND", "NOTE"]})
    with pytest.raises(DeploymentError, match="never change"):
        run(w3, wanted.model_copy(update={"universes": {"debt": changed}}))


# -- Markets of every kind


@pytest.fixture
def every_kind(w3, config):
    """A config with a market of each kind beyond Uniswap V2 and V3, on tokens that nothing else uses."""
    owner = w3.eth.accounts[0]
    one, two = (deploy(w3, owner, artifact("SettlementToken"), name, name, 18) for name in ("ONE", "TWO"))
    for token in (one, two):
        send(w3, owner, token.functions.mint(owner, 10**9 * WAD))
    share = vault(w3, owner, one)
    amounts = {"ONE": 10**6 * WAD, "TWO": 10**6 * WAD}
    kinds = [kind for kind in BEYOND if kind != "erc4626"]
    venues = [create(w3, owner, kind, {"ONE": one, "TWO": two}, amounts) for kind in kinds]
    venues.append({"kind": "erc4626", "share": "SHARE", "asset": "ONE"})
    swap = deploy_airswap(w3, owner).address
    venues.append({"kind": "airswap", "swap": swap, "maker": owner, "portfolio": "income", "tokens": ["ONE", "TWO"]})
    return config(more_assets={"ONE": one.address, "TWO": two.address, "SHARE": share.address}, venues=venues)


def test_run__market_of_every_kind__is_listed_once_and_keepers_read_it(w3, every_kind, tmp_path):
    record, deployment, _ = run(w3, every_kind)
    aggregator = deployment.contracts["LiquidityAggregator"].functions
    read = load(record.write(tmp_path))
    assert sorted(pool.kind for pool in read.pools) == sorted((*BEYOND, "airswap"))
    for pool in read.pools:
        assert aggregator.marketOf(pool.address).call() == pool.market.as_tuple()
    assert {pool.address for pool in read.pools} == set(aggregator.markets().call())
    _, _, chain = run(w3, every_kind)
    assert chain.sent == 0


def test_run__market_that_is_regulated__only_then_is_its_target_a_venue_account(w3, every_kind):
    plain, regulated = every_kind.venues[:2]
    regulated = regulated.model_copy(update={"regulated": True})
    _, deployment, _ = run(w3, every_kind.model_copy(update={"venues": [plain, regulated]}))
    registry = deployment.contracts["IdentityRegistry"].functions
    assert [registry.identityOf(target).call()[3] for target in (plain.manager, regulated.vault)] == [False, True]
    # Balancer's Vault keeps balances that anyone can hold: each token admits it by itself.
    assert registry.identityOf(regulated.vault).call()[13]


def test_run__signed_quotes_of_a_regulated_token__adapter_and_airswap_are_venue_accounts(w3, every_kind):
    quotes = every_kind.venues[-1].model_copy(update={"regulated": True})
    record, deployment, _ = run(w3, every_kind.model_copy(update={"venues": [quotes]}))
    registry = deployment.contracts["IdentityRegistry"].functions
    (pool,) = record.pools
    adapter = contract_at(w3, pool["target"], artifact("AirSwapAdapter").abi).functions
    assert adapter.aggregator().call() == deployment.contracts["LiquidityAggregator"].address
    assert adapter.swapContract().call() == quotes.swap
    assert adapter.recipient().call() == record.portfolios["income"]["address"]
    assert pool["id"] == "0x" + "00" * 12 + quotes.maker[2:].lower()
    assert all(registry.identityOf(account).call()[3] for account in (pool["target"], quotes.swap))


# -- BLS groups

KEYS = bls_keys(3)
DIGEST = Web3.keccak(text="what is signed")


@pytest.fixture
def with_group(config):
    """`with_group(proofs)`: two of three BLS keys sign the portfolio's rebalances, beside one account."""
    plain = config()

    def wanted(proofs=(None, None, None), keys=KEYS):
        pairs = zip(keys, proofs, strict=True)
        members = [{"public": "0x" + key.public.hex(), **({"proof": proof} if proof else {})} for key, proof in pairs]
        desk = BlsGroup.model_validate({"keys": members, "threshold": 2})
        income = plain.portfolios["income"]
        income = income.model_copy(update={"signers": [*income.signers, "desk"]})
        return plain.model_copy(update={"bls_groups": {"desk": desk}, "portfolios": {"income": income}})

    return wanted


@pytest.fixture
def prove(w3, with_group):
    """`prove()`: what the keys sign for the messages that a first run prints."""

    def proofs():
        with pytest.raises(DeploymentError, match="proofs of possession are missing") as error:
            run(w3, with_group())
        messages = re.findall(r"bls_groups\.desk\.keys\.\d signs 0x(\w{64})", str(error.value))
        assert len(messages) == len(KEYS) and len(str(error.value).splitlines()) == 1
        pairs = zip(KEYS, messages, strict=True)
        return ["0x" + key.sign(bytes.fromhex(message)).hex() for key, message in pairs]

    return proofs


def test_run__bls_group__its_quorum_passes_and_one_short_does_not(w3, with_group, prove):
    record, deployment, _ = run(w3, with_group(prove()))
    account = record.bls_groups["desk"]["address"]
    portfolio = bytes(12) + bytes.fromhex(record.portfolios["income"]["address"][2:])
    sets = deployment.contracts["SignerSets"].functions
    assert sets.quorumOf(portfolio).call() == [2, 1]
    sets.requireQuorum(portfolio, DIGEST, [(account, together(KEYS, DIGEST, [0, 2]))]).call()
    with pytest.raises(ContractCustomError) as error:
        sets.requireQuorum(portfolio, DIGEST, [(account, together(KEYS, DIGEST, [1]))]).call()
    assert str(error.value.data).startswith("0x" + function_selector("SignerSets__BadSignature(bytes32,address)"))


def test_run__bls_group__its_functions_have_their_roles(w3, with_group, prove):
    record, deployment, _ = run(w3, with_group(prove()))
    account = record.bls_groups["desk"]["address"]
    role_of = deployment.contracts["AccessManager"].functions.getTargetFunctionRole
    for signature, role in {"setKeys(bytes,bytes,uint256)": "KEEPER_REGISTRAR", "revoke(uint256)": "GUARDIAN"}.items():
        selector = bytes.fromhex(function_selector(signature))
        assert roles.NAMES[role_of(account, selector).call()] == role


def test_run__bls_group_again__sends_nothing_and_what_was_revoked_stays_so(w3, with_group, prove):
    wanted = with_group(prove())
    _, deployment, _ = run(w3, wanted)
    account = deployment.contracts["BLS group desk"].functions
    send(w3, w3.eth.accounts[0], account.revoke(1))
    _, _, chain = run(w3, wanted)
    assert chain.sent == 0
    assert account.quorum().call() == [3, 2, 0b10]


def test_run__bls_key_with_anothers_proof__one_line_that_names_it(w3, with_group, prove):
    proofs = prove()
    with pytest.raises(
        DeploymentError, match=r"^bls_groups\.desk\.keys\.1\.proof: is not its key's signature of 0x\w{64}"
    ):
        run(w3, with_group([proofs[0], proofs[2], proofs[2]]))


def test_run__bls_proof_that_is_no_point__one_line(w3, with_group, prove):
    proofs = prove()
    nowhere = "0x" + (1).to_bytes(64, "big").hex() * 4
    with pytest.raises(DeploymentError, match=r"^bls_groups\.desk: keys or proofs are no points of their groups"):
        run(w3, with_group([nowhere, *proofs[1:]]))


def test_run__other_bls_keys_in_the_config__are_left_to_the_registrar(w3, with_group, prove):
    proofs = prove()
    _, deployment, _ = run(w3, with_group(proofs))
    _, _, chain = run(w3, with_group(proofs[:2], KEYS[:2]))
    assert chain.sent == 0
    assert deployment.contracts["BLS group desk"].functions.quorum().call() == [3, 2, 0]


def test_run__two_bls_groups_of_the_same_keys__are_two_accounts(w3, with_group):
    wanted = with_group()
    both = wanted.model_copy(
        update={"bls_groups": {"desk": wanted.bls_groups["desk"], "night": wanted.bls_groups["desk"]}}
    )
    with pytest.raises(DeploymentError) as error:
        run(w3, both)
    messages = re.findall(r"signs 0x(\w{64})", str(error.value))
    assert len(set(messages)) == 6


def test_deploy__again_on_a_node_without_history__names_no_block_after_the_first():
    """A log that is read from a later block on misses events."""
    with anvil() as w3:
        chain = Chain(w3, UnlockedSender(w3, w3.eth.accounts[0]), lambda _: None)
        chain.ensure_create2_factory()
        deployable = protocol_artifacts()["SignerSets"]
        first = chain.deploy("SignerSets", deployable, [])
        w3.provider.make_request("anvil_mine", [hex(2 * int(SHORT_HISTORY[1]))])
        again = chain.deploy("SignerSets", deployable, [])
    assert (first.fresh, again.fresh) == (True, False)
    assert again.block <= first.block


# -- Rehearsing it on a fork


def test_rehearse__fresh_chain__tells_what_the_run_then_takes(w3, config):
    wanted, deployer = config(), w3.eth.accounts[0]
    before = w3.eth.block_number
    estimate = rehearse(w3.provider.endpoint_uri, wanted, protocol_artifacts(), deployer, gas_price=3)
    assert w3.eth.block_number == before
    chain = Chain(w3, UnlockedSender(w3, deployer), lambda _: None)
    ProtocolDeployment(chain, wanted, protocol_artifacts()).run()
    assert (estimate.transactions, estimate.value) == (chain.sent, chain.value)
    assert estimate.gas == pytest.approx(chain.gas, rel=1e-4)
    assert estimate.cost == 3 * estimate.gas + estimate.value


def test_rehearse__everything_is_there__takes_nothing(w3, config):
    wanted = config()
    run(w3, wanted)
    estimate = rehearse(w3.provider.endpoint_uri, wanted, protocol_artifacts(), w3.eth.accounts[0], gas_price=3)
    assert (estimate.transactions, estimate.cost) == (0, 0)


def test_rehearse__would_fail_half_way__says_so_and_nothing_was_sent(w3, config):
    broken = config(liquidity={"wrapped_coin": Web3.to_checksum_address("0x" + "42" * 20)})
    before = w3.eth.block_number
    with pytest.raises(DeploymentError, match="no contract at 0x42"):
        rehearse(w3.provider.endpoint_uri, broken, protocol_artifacts(), w3.eth.accounts[0], gas_price=3)
    assert w3.eth.block_number == before


def test_rehearse__node_is_gone__one_line():
    config = load_config(ROOT / "scripts/_config/localnet.yaml")
    with pytest.raises(DeploymentError, match="cannot rehearse on a fork"):
        rehearse("http://127.0.0.1:9/secret", config, protocol_artifacts(), "0x" + "11" * 20, gas_price=3)
