"""Deploys what a config needs, step by step; each step looks first and acts only if something is missing.

Order matters: while functions are not yet mapped to roles they are ADMIN's, which the deployer holds. So everything is
set up first, then functions are mapped, roles granted, and ADMIN handed over last. A run that was killed goes on from
whatever it left.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from eth_abi.abi import encode
from eth_utils.abi import function_signature_to_4byte_selector
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3.contract import Contract

from keepers.routing.markets import VENUES
from scripts._lib.artifacts import contract_at
from scripts._lib.deployment import roles
from scripts._lib.deployment.bls_groups import BlsGroups, contract_name
from scripts._lib.deployment.chain import Artifact, Chain, Deployed, DeploymentError, create_address, salt_of
from scripts._lib.deployment.config import (
    CLASSES,
    YEAR,
    Config,
    Feed,
    Optimizer,
    Portfolio,
    Rules,
    Secondary,
    Token,
    TradingWindow,
    Universe,
)
from scripts._lib.deployment.function_roles import FunctionRoles
from scripts._lib.deployment.preflight import require_ready
from scripts._lib.deployment.record import ContractRecord, DeploymentRecord
from scripts._lib.deployment.venues import Adapted, AirSwap, Fork, Known, market_record

WAD = 10**18
ZERO = "0x" + "00" * 20
UNKNOWN, SHADOW, RETIRED = 0, 1, 3
"""IModelRegistry.Status."""


class ProtocolDeployment:
    """Brings a chain to what a config says and records it."""

    def __init__(self, chain: Chain, config: Config, artifacts: Mapping[str, Artifact]) -> None:
        self.chain = chain
        self.config = config
        self.artifacts = artifacts
        self.contracts: dict[str, Contract] = {}
        self.record = DeploymentRecord(config.network, chain.w3.eth.chain_id)
        self._functions = FunctionRoles(self.contracts, artifacts, self._act)

    def run(self) -> DeploymentRecord:
        """Does what is missing.

        Returns:
            The record of everything that is there.

        Raises:
            DeploymentError: one line, with what to do.
        """
        require_ready(self.chain.w3, self.config)
        self.chain.ensure_create2_factory()
        self._deploy_contracts()
        groups = BlsGroups(self.chain, self.artifacts["BlsSigners"], self.contracts, self._act)
        self.record.bls_groups |= groups.create(self.config.bls_groups)
        self._let_factories_register()
        self.assets = {**self.config.assets, **self._issue_tokens()}
        self.assets |= self._create_optimizers()
        self._set_feeds()
        self._set_share_feeds()
        self._set_floors()
        self._create_universes()
        self._list_venues()
        self._register_models()
        self._create_portfolios()
        self._map_functions()
        self._functions.ask_the_chain()  # The manager is handed over: others may map functions from here on.
        self._grant_roles()
        self._hand_over()
        self.record.block = self.chain.w3.eth.block_number
        return self.record

    # -- Contracts

    def _deploy_contracts(self) -> None:
        deployer = self.chain.sender.address
        if self._plain("AccessManager", [deployer]).fresh:
            self._functions.begin_anew()
        self._proxy("SignerSets", [])
        self._proxy("PriceOracle", [])
        self._proxy("SanctionsList", [])
        self._proxy("IdentityRegistry", [self._at("SanctionsList")])
        self._plain("RuleBook", [self._at("IdentityRegistry")])
        self._plain("HolderRecords", [])
        self._plain("TransferTerms", [])
        parts = ("IdentityRegistry", "RuleBook", "HolderRecords", "TransferTerms")
        self._proxy("AutomatedComplianceEngine", [*map(self._at, parts)])
        self._proxy("ModelRegistry", [])
        policy = self.config.trading.as_tuple()
        self._proxy("AutoRebalancer", [self._at("SignerSets"), self._at("ModelRegistry"), policy])
        self._deploy_liquidity()
        self._deploy_risk()
        clones = self.record.contracts["IdentityRegistry"].implementation
        self._plain("TokenFactory", [self._at("AccessManager"), self._at("AutomatedComplianceEngine"), clones])
        self._plain("FeeManager", [self._at("AccessManager")])
        wiring = (
            "PriceOracle",
            "RiskEngine",
            "LiquidityAggregator",
            "AutoRebalancer",
            "AutomatedComplianceEngine",
            "FeeManager",
        )
        self._plain("PortfolioFactory", [self._at("AccessManager"), *map(self._at, wiring)])
        self._part("RedemptionQueue", "PortfolioFactory", 1)
        self._plain("YieldPlans", [self._at("AccessManager"), self._at("SignerSets")])
        self._plain("YieldFactory", [self._at("AccessManager"), self._at("YieldPlans")])

    def _deploy_liquidity(self) -> None:
        liquidity = self.config.liquidity
        deviation = liquidity.max_deviation_bps
        self._plain("VenueQuotes", [])
        asked = (self._at("AccessManager"), self._at("PriceOracle"), self._at("VenueQuotes"))
        self._plain("LiquidityAggregator", [*asked, deviation])
        aggregator = self._at("LiquidityAggregator")
        for nonce, part in enumerate(("ListingValidator", "ExactOutput"), start=1):
            self._part(part, "LiquidityAggregator", nonce)
        self._plain("LiquidityLens", [aggregator])
        terms = liquidity.commitments
        beneficiary = terms.beneficiary or self.config.admin
        self._plain("OrderCommitments", [aggregator, terms.bond, terms.delay, terms.lifetime, beneficiary])
        if coin := liquidity.wrapped_coin:
            if not self.chain.has_code(coin):
                raise DeploymentError(f"liquidity.wrapped_coin: no contract at {coin} on this network; correct it")
            if not self.chain.has_code(liquidity.permit2):
                self.chain.log(f"note: no Permit2 at {liquidity.permit2}; the gateway takes coin and ERC-2612 only")
            self._plain("LiquidityGateway", [aggregator, liquidity.permit2, coin])

    def _deploy_risk(self) -> None:
        risk, signers, oracle = self.config.risk, self._at("SignerSets"), self._at("PriceOracle")
        bounds = (risk.min_model_delay, risk.max_model_lifetime, risk.max_fall, risk.max_unseen_rise)
        self._proxy("CovarianceModels", [signers, oracle, bounds])
        self._proxy("PerformanceRegistry", [oracle])
        depth = [risk.participation, risk.max_depth_lifetime, risk.confirmation_blocks]
        self._proxy("MarketDepthRegistry", [signers, self._at("LiquidityAggregator"), oracle, *depth])
        books = map(self._at, ("CovarianceModels", "PerformanceRegistry", "MarketDepthRegistry"))
        self._proxy("RiskEngine", [*books, risk.cooling_time, risk.report_grace])
        report = [risk.report_tolerance, risk.max_report_lifetime]
        self._proxy("RiskReports", [signers, self._at("RiskEngine"), self._at("CovarianceModels"), *report])

    def _plain(self, name: str, args: list[Any]) -> Deployed:
        deployed = self.chain.deploy(name, self.artifacts[name], args)
        self._keep(name, deployed)
        return deployed

    def _part(self, name: str, owner: str, nonce: int) -> None:
        """Records a contract that another contract's constructor made; behind a proxy, the implementation's."""
        maker = self.record.contracts[owner].implementation or self._at(owner)
        address = create_address(maker, nonce)
        contract = contract_at(self.chain.w3, address, self.artifacts[name].abi)
        if not self.chain.has_code(address):
            raise DeploymentError(f"{name}: no code at {address}; the artifacts of {owner} and this script disagree")
        self._keep(name, Deployed(contract, [], self.record.contracts[owner].block, False))

    def _proxy(self, name: str, args: list[Any]) -> None:
        implementation = self.chain.deploy(f"{name} implementation", self.artifacts[name], args)
        authority = self._at("AccessManager")
        initialize = function_signature_to_4byte_selector("initialize(address)") + encode(["address"], [authority])
        proxy = self.chain.deploy(name, self.artifacts["ERC1967Proxy"], [implementation.contract.address, initialize])
        self._keep(name, proxy, args, implementation.contract.address)

    def _keep(
        self, name: str, deployed: Deployed, args: list[Any] | None = None, implementation: str | None = None
    ) -> None:
        address = deployed.contract.address
        self.contracts[name] = contract_at(self.chain.w3, address, self.artifacts[name].abi)
        code = self.chain.w3.eth.get_code(address)
        self.record.contracts[name] = ContractRecord(
            address,
            "0x" + keccak(code).hex(),
            args if args is not None else deployed.args,
            deployed.block,
            implementation,
        )

    def _at(self, name: str) -> str:
        return self.contracts[name].address

    # -- Set-up

    def _let_factories_register(self) -> None:
        registry = self._at("IdentityRegistry")
        if registry not in self.contracts["SanctionsList"].functions.registries().call():
            self._act("tell the registry of sanctions", "SanctionsList", "addRegistry", registry)
        called_while_setting_up = {
            "AutomatedComplianceEngine": {"openRules": roles.FACTORY, "openRulebook": roles.FACTORY},
            "IdentityRegistry": {"bindToken": roles.FACTORY},
            "SanctionsList": {"addRegistry": roles.FACTORY},
            "RiskEngine": {"registerPortfolio": roles.FACTORY, "noteReport": roles.RISK_REPORTS},
            "FeeManager": {"open": roles.FACTORY},
        }
        for name, functions in called_while_setting_up.items():
            self._functions.map(name, self._at(name), functions)
        for factory in ("TokenFactory", "PortfolioFactory"):
            self._grant(roles.FACTORY, self._at(factory), 0)
        self._grant(roles.RISK_REPORTS, self._at("RiskReports"), 0)

    def _issue_tokens(self) -> dict[str, str]:
        factory = self.contracts["TokenFactory"]
        for symbol, token in self.config.tokens.items():
            address = factory.functions.addressOf(salt_of("token", symbol)).call()
            if not self.chain.w3.eth.get_code(address):
                self._act(f"issue {symbol}", "TokenFactory", "createToken", _token_params(symbol, token))
            self.record.tokens[symbol] = address
        self.record.assets = dict(self.config.assets)
        return self.record.tokens

    def _set_feeds(self) -> None:
        oracle = self.contracts["PriceOracle"]
        if sequencer := self.config.sequencer:
            wanted = (sequencer.feed, sequencer.grace_period)
            if tuple(oracle.functions.sequencerFeed().call()) != wanted:
                self._act("set the sequencer feed", "PriceOracle", "setSequencerFeed", *wanted)
        for name, feed in self.config.feeds.items():
            asset = self.assets[name]
            there = oracle.functions.feedOf(asset).call()
            if (there[0], there[1], there[4], there[5]) != _feed_terms(feed):
                self._act(f"set the feed of {name}", "PriceOracle", "setFeed", asset, *_feed_terms(feed))
            self._set_secondary(name, asset, feed.secondary)
            self._set_trading_window(name, asset, feed.trading_window)
            self.record.feeds[name] = feed.aggregator

    def _set_secondary(self, name: str, asset: str, secondary: Secondary | None) -> None:
        if secondary is None:
            return
        wanted = (to_checksum_address(secondary.aggregator), secondary.heartbeat, secondary.max_deviation)
        aggregator, heartbeat, _, deviation = self.contracts["PriceOracle"].functions.secondaryOf(asset).call()
        if (aggregator, heartbeat, deviation) != wanted:
            self._act(f"set the second feed of {name}", "PriceOracle", "setSecondary", asset, *wanted)

    def _set_trading_window(self, name: str, asset: str, window: TradingWindow | None) -> None:
        if window is None:
            return
        wanted = window.as_tuple()
        if tuple(self.contracts["PriceOracle"].functions.tradingWindowOf(asset).call()) != wanted:
            self._act(f"set when {name} may be traded", "PriceOracle", "setTradingWindow", asset, wanted)

    def _set_floors(self) -> None:
        floors = self.config.risk.floors
        if floors is not None and tuple(self.contracts["RiskEngine"].functions.floors().call()) != floors.as_tuple():
            self._act("set the limits of all portfolios", "RiskEngine", "setFloors", floors.as_tuple())

    def _create_universes(self) -> None:
        models = self.contracts["CovarianceModels"]
        for name, universe in self.config.universes.items():
            key = universe_id(name)
            assets = [self.assets[asset] for asset in universe.assets]
            there = models.functions.universeAssets(key).call()
            if not there:
                self._act(f"create universe {name}", "CovarianceModels", "createUniverse", key, assets)
            elif there != assets:
                raise DeploymentError(
                    f"universes.{name}: its assets on chain are {there}, which never change; choose another name"
                )
            self._create_quorum(f"universe {name}", key, universe)
            self.record.universes[name] = {"id": "0x" + key.hex(), "assets": universe.assets}

    # -- Yield

    def _create_optimizers(self) -> dict[str, str]:
        factory = self.contracts["YieldFactory"]
        for key, wanted in self.config.optimizers.items():
            address = factory.functions.addressOf(salt_of("optimizer", key)).call()
            if not self.chain.w3.eth.get_code(address):
                params = (wanted.name, wanted.symbol, self.assets[wanted.asset], wanted.terms.as_tuple())
                salt = salt_of("optimizer", key)
                self._act(f"create optimizer {key}", "YieldFactory", "createOptimizer", params, salt)
            self._list_strategies(key, wanted, address)
            self._create_quorum(f"optimizer {key}", bytes(12) + bytes.fromhex(address[2:]), wanted)
            strategies = {name: strategy.vault for name, strategy in wanted.strategies.items()}
            self.record.optimizers[key] = {"address": address, "asset": wanted.asset, "strategies": strategies}
        return {key: str(made["address"]) for key, made in self.record.optimizers.items()}

    def _list_strategies(self, key: str, wanted: Optimizer, address: str) -> None:
        optimizer = contract_at(self.chain.w3, address, self.artifacts["YieldOptimizer"].abi)
        caps = {found[0]: found[1] for found in optimizer.functions.strategies().call()}
        for name, strategy in wanted.strategies.items():
            if strategy.vault not in caps:
                what = f"list strategy {name} of optimizer {key}"
                self._act(what, "YieldFactory", "addStrategy", address, strategy.vault, strategy.cap)
            elif caps[strategy.vault] != strategy.cap:
                what = f"set the cap of strategy {name} of optimizer {key}"
                self._act(what, "YieldFactory", "setCap", address, strategy.vault, strategy.cap)

    def _set_share_feeds(self) -> None:
        oracle = self.contracts["PriceOracle"]
        for key, optimizer in self.config.optimizers.items():
            if (wanted := optimizer.share_feed) is None:
                continue
            share, under = self.assets[key], self.config.feeds[optimizer.asset]
            growth = wanted.max_growth * WAD // (10_000 * YEAR)
            args = [share, under.aggregator, growth, wanted.interval, f"{optimizer.symbol} / USD"]
            made = self.chain.deploy(f"feed of {key}", self.artifacts["VaultFeed"], args)
            terms = _feed_terms(
                Feed(
                    aggregator=made.contract.address,
                    heartbeat=under.heartbeat,
                    min_price=wanted.min_price,
                    max_price=wanted.max_price,
                )
            )
            there = oracle.functions.feedOf(share).call()
            if (there[0], there[1], there[4], there[5]) != terms:
                self._act(f"set the feed of {key}", "PriceOracle", "setFeed", share, *terms)
            self._set_trading_window(key, share, under.trading_window)
            self.record.feeds[key] = made.contract.address

    def _create_quorum(self, what: str, key: bytes, quorum: Universe | Portfolio | Optimizer) -> None:
        count, threshold = self.contracts["SignerSets"].functions.quorumOf(key).call()
        if threshold == 0:
            signers = [self._signer(name) for name in dict.fromkeys(quorum.signers)]
            self._act(f"create the signers of {what}", "SignerSets", "createSet", key, signers, quorum.threshold)
        elif threshold != quorum.threshold:
            self.chain.log(f"note: the signers of {what} are {threshold} of {count}; change them through SignerSets")
        for name in self.config.bls_groups if threshold else ():
            # Not added here: the guardian may have removed it.
            is_signer = self.contracts["SignerSets"].functions.isSigner(key, self._signer(name)).call()
            if name in quorum.signers and not is_signer:
                self.chain.log(f"note: {contract_name(name)} is not among the signers of {what}; add it by addSigner")

    def _signer(self, name: str) -> str:
        """An address, or the account of a BLS group of this name."""
        return self._at(contract_name(name)) if name in self.config.bls_groups else name

    def _list_venues(self) -> None:
        aggregator = self.contracts["LiquidityAggregator"]
        # It moves regulated tokens as spender, from a portfolio to a pool.
        self._admit_venue("the aggregator", aggregator.address)
        if self.config.liquidity.serves_regulated:
            for name in ("LiquidityGateway", "OrderCommitments"):
                if name in self.contracts:
                    self._admit_venue(name, self._at(name))
        for venue in self.config.venues:
            if isinstance(venue, Fork):
                self._list_pool(venue)
            else:
                self._list_market(venue)

    def _list_pool(self, venue: Fork) -> None:
        wanted = (int(VENUES[venue.kind]), venue.fee)
        there = self.contracts["LiquidityAggregator"].functions.venueOf(venue.pool).call()
        if tuple(there) != wanted:
            self._act(f"list pool {venue.pool}", "LiquidityAggregator", "listPool", venue.pool, *wanted)
        self._admit_venue(f"pool {venue.pool}", venue.pool)
        self.record.pools.append({"address": venue.pool, "kind": venue.kind, "fee": venue.fee})

    def _list_market(self, venue: Known | Adapted | AirSwap) -> None:
        if isinstance(venue, Adapted):
            name, target = venue.adapter
            market = venue.market_of(self._adapter(venue, name, target, [target]), self.assets)
        elif isinstance(venue, AirSwap):
            args = [self._at("LiquidityAggregator"), venue.swap, self._portfolio_at(venue.portfolio)]
            market = venue.market_of(self._adapter(venue, "AirSwapAdapter", venue.swap, args), self.assets)
        else:
            market = venue.market(self.assets)
        there = self.contracts["LiquidityAggregator"].functions.marketOf(market.key).call()
        if tuple(there) != market.as_tuple():
            what = f"list market {market.key} of {market.target}"
            self._act(what, "LiquidityAggregator", "listMarket", market.as_tuple())
        if venue.regulated:
            self._admit_venue(f"{market.kind.name} at {market.target}", market.target, venue.keeps_shared_ledger)
            if isinstance(venue, AirSwap):
                # It moves the tokens as spender, to the maker and from the maker.
                self._admit_venue(f"AirSwap at {venue.swap}", venue.swap)
        self.record.pools.append(market_record(venue.kind, market))

    def _adapter(self, venue: Adapted | AirSwap, name: str, target: str, args: list[str]) -> str:
        """The adapter of the venue at `target`, deployed with these arguments if it is not there."""
        if not self.chain.has_code(target):
            raise DeploymentError(f"venues: no contract at {target} on this network for {venue.kind}; correct it")
        return str(self.chain.deploy(f"{name} of {target}", self.artifacts[name], args).contract.address)

    def _admit_venue(self, what: str, account: str, keeps_shared_ledger: bool = False) -> None:
        """Lets a pool or router hold or move regulated tokens opposite eligible accounts.

        A venue whose own ledger anyone can hold receives a token only after an officer has admitted it for that token.
        """
        identity = self.contracts["IdentityRegistry"].functions.identityOf(account).call()
        if identity[3]:
            return
        if not keeps_shared_ledger:
            self._act(f"make {what} a venue account", "IdentityRegistry", "setVenueAccount", account, True)
            return
        self._act(f"mark {what} as a shared ledger", "IdentityRegistry", "setSharedLedger", account)
        self.chain.log(f"note: {account} receives a regulated token once admitSharedLedger admits it for that token")

    def _register_models(self) -> None:
        registry = self.contracts["ModelRegistry"]
        for name, model in self.config.models.items():
            key = model_id(name)
            wanted = tuple(bytes.fromhex(part[2:]) for part in (model.weights, model.data, model.code))
            *hashes, status, _ = registry.functions.modelOf(key).call()
            if status == UNKNOWN:
                self._act(f"register model {name}", "ModelRegistry", "register", key, *wanted)
                status = SHADOW
            elif tuple(hashes) != wanted:
                raise DeploymentError(
                    f"models.{name}: its hashes on chain are {[f'0x{part.hex()}' for part in hashes]}, which never "
                    "change; choose another name"
                )
            if model.live and status == SHADOW:
                self._act(f"let model {name} live", "ModelRegistry", "promote", key)
            elif model.live and status == RETIRED:
                self.chain.log(f"note: model {name} is retired, for good; register another")

    def _create_portfolios(self) -> None:
        factory = self.contracts["PortfolioFactory"]
        for key, portfolio in self.config.portfolios.items():
            address = self._portfolio_at(key)
            if not self.chain.has_code(address):
                params = self._portfolio_params(key, portfolio)
                self._act(f"create portfolio {key}", "PortfolioFactory", "createPortfolio", params)
            self._register(key, portfolio, address)
            self._create_quorum(f"portfolio {key}", bytes(12) + bytes.fromhex(address[2:]), portfolio)
            self.record.portfolios[key] = {
                "address": address,
                "universe": "0x" + universe_id(portfolio.universe).hex(),
                "vault": factory.functions.vaultOf(address).call(),
            }

    def _portfolio_at(self, key: str) -> str:
        """Returns the address of a portfolio, deployed or not."""
        return str(self.contracts["PortfolioFactory"].functions.addressOf(salt_of("portfolio", key)).call())

    def _register(self, key: str, portfolio: Portfolio, address: str) -> None:
        """Makes the portfolio an eligible holder of regulated tokens."""
        if portfolio.identity is None:
            return
        wanted = (portfolio.identity.country, CLASSES["institutional"], portfolio.identity.kyc_expiry)
        country, investor_class, _, _, expiry, *_ = (
            self.contracts["IdentityRegistry"].functions.identityOf(address).call()
        )
        if (country, investor_class, expiry) != wanted:
            self._act(f"register portfolio {key}", "IdentityRegistry", "registerIdentity", address, *wanted)

    def _portfolio_params(self, key: str, portfolio: Portfolio) -> tuple[Any, ...]:
        rules = portfolio.share_rules
        budget = portfolio.loss_budget
        return (
            (
                portfolio.name,
                portfolio.symbol,
                self.assets[portfolio.settlement],
                [self.assets[name] for name in portfolio.assets],
                ZERO,
                budget.bps,
                budget.window,
            ),
            portfolio.fees.as_tuple(),
            portfolio.policy.as_tuple(self._decimals(portfolio.settlement)),
            universe_id(portfolio.universe),
            portfolio.limits.as_tuple(),
            rules is not None,
            sorted(set(rules.countries)) if rules else [],
            rules.class_mask if rules else 0,
            salt_of("portfolio", key),
        )

    def _decimals(self, asset: str) -> int:
        """Returns the decimals that the oracle read from the token when its feed was set."""
        return int(self.contracts["PriceOracle"].functions.feedOf(self.assets[asset]).call()[3])

    # -- Roles

    def _map_functions(self) -> None:
        for name in roles.FUNCTIONS:
            self.map_roles(name, self._at(roles.ANSWERED_BY.get(name, name)))
        for name in self.config.bls_groups:
            self.map_roles("BlsSigners", self._at(contract_name(name)), contract_name(name))

    def map_roles(self, artifact: str, target: str, name: str | None = None) -> None:
        """Lets the roles of roles.py call the functions of a contract, whether this deployment made it or not.

        Args:
            artifact: The contract's name in roles.py.
            target: Its address.
            name: Name in the log, if it is not that of its artifact.
        """
        functions = {**roles.FUNCTIONS, **roles.BESIDE}[artifact]
        self._functions.map(artifact, target, functions, name)

    def _grant_roles(self) -> None:
        for role_name, (now, later) in roles.HELD.items():
            role = getattr(self.config.roles, role_name)
            for account in role.accounts if role else []:
                if now is not None:
                    self._grant(now, account, 0)
                if later is not None:
                    self._grant(later, account, role.delay)

    def _grant(self, role: int, account: str, delay: int) -> None:
        member, current = self.contracts["AccessManager"].functions.hasRole(role, account).call()
        if (member, current) != (True, delay):
            what = f"grant {roles.NAMES[role]} to {account}"
            self._act(what, "AccessManager", "grantRole", role, account, delay)

    def _hand_over(self) -> None:
        deployer, admin = self.chain.sender.address, self.config.admin
        if admin == deployer:
            return
        self._grant(roles.ADMIN, admin, self.config.admin_delay)
        manager = self.contracts["AccessManager"]
        member, _ = manager.functions.hasRole(roles.ADMIN, deployer).call()
        if member:
            # A deployer that renounced would leave nobody, were `admin` an address that nobody has the key of.
            data = manager.encode_abi("revokeRole", [roles.ADMIN, deployer])
            how = "schedules and sends" if self.config.admin_delay else "sends"
            self.chain.log(
                f"note: {deployer} stays ADMIN until {admin} takes over, which proves that it can act: "
                f"it {how} {data} to {manager.address}"
            )

    # -- Acting

    def _act(self, what: str, name: str, function: str, *args: Any) -> None:
        """Calls a restricted function, or says who has to."""
        contract = self.contracts[name]
        deployer = self.chain.sender.address
        manager = self.contracts["AccessManager"]
        if name != "AccessManager":
            data = contract.encode_abi(function, args)
            selector = bytes.fromhex(data[2:10])
            allowed, delay = manager.functions.canCall(deployer, contract.address, selector).call()
        else:
            (allowed, delay) = manager.functions.hasRole(roles.ADMIN, deployer).call()
            allowed = allowed and delay == 0
        if not allowed:
            data = contract.encode_abi(function, args)
            raise DeploymentError(
                f"cannot {what}: {deployer} may not call {name}.{function} now; whoever may"
                f"{' has to schedule' if delay else ' has to send'} {data} to {contract.address}"
            )
        self.chain.call(what, contract, function, *args)


def _group(name: str) -> str:
    """How a BLS group is called among contracts, which it stands beside."""
    return f"BLS group {name}"


def universe_id(name: str) -> bytes:
    """The id of a universe: keccak256 of its name."""
    return keccak(text=name)


def model_id(name: str) -> bytes:
    """The id of a model: keccak256 of its name."""
    return keccak(text=name)


def _token_params(symbol: str, token: Token) -> tuple[Any, ...]:
    rules: Rules = token.rules
    countries = sorted(set(rules.countries))
    return (token.name, symbol, token.decimals, countries, rules.class_mask, salt_of("token", symbol))


def _feed_terms(feed: Feed) -> tuple[str, int, int, int]:
    return (
        to_checksum_address(feed.aggregator),
        feed.heartbeat,
        int(feed.min_price * Decimal(WAD)),
        int(feed.max_price * Decimal(WAD)),
    )
