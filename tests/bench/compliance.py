"""A regulated token's life beside T-REX's: same holders, same claim topic, same rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from statistics import median_low

from eth_utils import keccak, to_checksum_address
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from scripts._lib.anvil import advance
from scripts._lib.artifacts import artifact, package_artifact
from scripts._lib.transactions import deploy
from tests.bench.framework import RUNS, Bench, Row, calls_of
from tests.bench.trex import NOBODY, TOPIC, OnchainIds, Trex

GROUP = "Compliance"
PEER = "T-REX 4.1.6"
WITHOUT_LIMITS = "ours, without them"
WARM_TARGET, TARGET = 0.22, 0.5
COUNTRY = 756
KYC, RETAIL = 1, 1
MOST = 10**27
MOST_HOLDERS, EVERYWHERE = 499, 65_535
EVERY_CLASS = 0b1110
TOKENS = 10**18
METHOD = (
    f"Gas of whole transactions, median of {RUNS} after a first one where it can be repeated, each in a later block "
    "than the last. Both tokens: the same wallets of the same ONCHAINIDs (deployed without proxies), one dated claim "
    "with an IPFS address, from one trusted issuer, one allowed country, a maximum balance, a "
    "registry of its own; T-REX from its package with CountryAllow and "
    "MaxBalance. First: to a wallet that holds nothing yet. T-REX verifies claims at every transfer; here they are "
    "verified at registration, which therefore costs more: once for each verdict, not once for each receipt. The "
    "floor is a transaction with the same calldata to a contract that does nothing but write one new slot for each "
    "identity: above 0.50 already, so that no registry that keeps anything can get there (decision 10). Reading claims "
    "is by `debug_traceTransaction`: what the ONCHAINIDs and their issuer use, in the same transactions. Limits of a "
    "class: the same transfer once a class rule limits how many retail investors hold, all of them counted, and how "
    "much each of them holds."
)


@dataclass
class Side:
    """One of the two products: its token and its registry, spoken to in ERC-3643."""

    token: Contract
    registry: Contract


def rows(bench: Bench) -> list[Row]:
    """Every function both have."""
    world = TwoProducts(bench)
    t = TOKENS
    a, b, spender = world.investors[:3]
    many = world.investors[:20]
    one = [1] * 20

    def again(call: Callable[[Side], ContractFunction], sender: str) -> tuple[int, int]:
        return world.both(lambda side: median_low(world.repeated(call(side), sender)))

    fresh = [world.fresh() for _ in range(4)]
    registered = world.both(lambda side: world.register_one(side))
    batch = world.both(lambda side: world.register_many(side, 20))
    claims, claims_of_batch = world.claim_gas(1), world.claim_gas(20)
    measured = {
        "register an identity": registered,
        "register 20 in a batch": batch,
        "mint, first": world.both(lambda side: world.sent(side.token.functions.mint(fresh[0], t), bench.deployer)),
        "mint": again(lambda side: side.token.functions.mint(a, t), bench.deployer),
        "transfer, first": world.both(lambda side: world.sent(side.token.functions.transfer(fresh[1], t), a)),
        "transfer": again(lambda side: side.token.functions.transfer(b, t), a),
        "transferFrom": again(lambda side: side.token.functions.transferFrom(a, b, t), spender),
        "batchTransfer to 2": again(lambda side: side.token.functions.batchTransfer(many[1:3], one[:2]), a),
        "batchTransfer to 20": again(lambda side: side.token.functions.batchTransfer(world.receivers, one), a),
        "forcedTransfer": again(lambda side: side.token.functions.forcedTransfer(a, b, t), bench.deployer),
        "burn": again(lambda side: side.token.functions.burn(a, t), bench.deployer),
    }
    (ours, theirs), (first_ours, first_theirs) = registered, measured["transfer, first"]
    plain = measured["transfer"][0]
    world.limit_classes()
    limited = median_low(world.repeated(world.sides[0].token.functions.transfer(b, t), a))
    return [
        *(
            Row(GROUP, name, "gas", ours, peer, PEER, WARM_TARGET if name == "transfer" else TARGET, METHOD)
            for name, (ours, peer) in measured.items()
        ),
        Row(GROUP, "register, then a first receipt", "gas", ours + first_ours, theirs + first_theirs, PEER, 1, METHOD),
        Row(GROUP, "floor of registering: one new slot", "gas", world.slots_gas(1), theirs, PEER, method=METHOD),
        Row(
            GROUP, "floor of registering 20: a new slot each", "gas", world.slots_gas(20), batch[1], PEER, method=METHOD
        ),
        Row(GROUP, "of registering: reading the claim", "gas", claims, theirs, PEER, method=METHOD),
        Row(GROUP, "of registering 20: reading the claims", "gas", claims_of_batch, batch[1], PEER, method=METHOD),
        Row(GROUP, "transfer, limits of a class", "gas", limited, plain, WITHOUT_LIMITS, method=METHOD),
    ]


class TwoProducts:
    """Both products with the same holders.

    Attributes:
        investors: Unlocked accounts that hold a lot of both tokens; the third may spend the first's.
        receivers: Twenty wallets that hold a little of both.
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.serial = count(1)
        self.ids = OnchainIds(bench.w3, bench.deployer)
        trex = Trex(bench.w3, bench.deployer, self.ids, COUNTRY, MOST)
        self.sides = (make_ours(bench, self.ids), Side(trex.token, trex.registry))
        self.investors = bench.w3.eth.accounts[1:]
        for account in self.investors:
            self._admit(account, 10**6 * TOKENS)
        self.receivers = [self.fresh() for _ in range(20)]
        for account in self.receivers:
            for side in self.sides:
                self._send(side.token.functions.mint(account, TOKENS))
        for side in self.sides:
            call = side.token.functions.approve(self.investors[2], 10**30)
            bench.send(self.investors[0], call)

    def fresh(self) -> str:
        """A registered wallet that holds nothing."""
        account = self.wallet()
        self._admit(account, 0)
        return account

    def wallet(self) -> str:
        """An address that nobody has seen."""
        return to_checksum_address(keccak(text=f"holder {next(self.serial)}")[12:])

    def both(self, measure: Callable[[Side], int]) -> tuple[int, int]:
        """Ours, then the peer's."""
        ours, peer = (measure(side) for side in self.sides)
        return ours, peer

    def sent(self, call: ContractFunction, sender: str) -> int:
        """Gas of one transaction in a block of its own."""
        advance(self.bench.w3, 12)
        return self.bench.send(sender, call)

    def repeated(self, call: ContractFunction, sender: str) -> list[int]:
        """Gas of RUNS transactions after a first one."""
        return [self.sent(call, sender) for _ in range(RUNS + 1)][1:]

    def register_one(self, side: Side) -> int:
        """A new wallet of a new identity."""
        call = side.registry.get_function_by_signature("registerIdentity(address,address,uint16)")
        return self.sent(call(self.wallet(), self.ids.create().address, COUNTRY), self.bench.deployer)

    def register_many(self, side: Side, number: int) -> int:
        """New wallets of new identities."""
        wallets = [self.wallet() for _ in range(number)]
        identities = [self.ids.create().address for _ in range(number)]
        call = side.registry.functions.batchRegisterIdentity(wallets, identities, [COUNTRY] * number)
        return self.sent(call, self.bench.deployer)

    def limit_classes(self) -> None:
        """Limits how many retail investors hold ours, and how much each of them; whoever holds is counted."""
        token = self.sides[0].token
        terms = self.bench.w3.eth.contract(
            address=token.functions.engine().call(), abi=artifact("TransferTerms").abi
        ).functions
        self._send(terms.addClassRules(token.address, [(EVERYWHERE, 1 << RETAIL, 0, False, 0, 0, MOST, MOST_HOLDERS)]))
        sent = token.events.Transfer().get_logs(from_block=0)
        self._send(terms.recountHolders(token.address, sorted({log["args"]["to"] for log in sent} - {NOBODY})))
        counted, holders = terms.censusOf(token.address).call()
        assert counted == holders > 0

    def claim_gas(self, number: int) -> int:
        """Gas that ONCHAINIDs and the claim issuer use when ours registers so many."""
        before = self.bench.w3.eth.block_number
        (self.register_one if number == 1 else partial(self.register_many, number=number))(self.sides[0])
        head = self.bench.w3.eth.get_block("latest")
        assert head["number"] > before
        foreign = {self.ids.issuer.address.lower(), *self.ids.made}
        return sum(
            int(call["gasUsed"], 16)
            for call in calls_of(self.bench.w3, head["transactions"][0])
            if call.get("to", "").lower() in foreign
        )

    def slots_gas(self, number: int) -> int:
        """A transaction with a registration's calldata that writes new slots and does nothing else."""
        side = self.sides[0]
        wallets, identities = [self.wallet() for _ in range(number)], [self.wallet() for _ in range(number)]
        name = "registerIdentity(address,address,uint16)"
        call = (
            side.registry.get_function_by_signature(name)(wallets[0], identities[0], COUNTRY)
            if number == 1
            else side.registry.functions.batchRegisterIdentity(wallets, identities, [COUNTRY] * number)
        )
        # Slots 0 and on become 1: PUSH1 1, PUSH1 slot, SSTORE.
        code = b"".join(bytes((0x60, 1, 0x60, slot, 0x55)) for slot in range(number))
        # Creation code: CODECOPY of what follows these eleven bytes, returned.
        creation = bytes((0x60, len(code), 0x80, 0x60, 11, 0x5F, 0x39, 0x5F, 0xF3, 0, 0)) + code
        w3, sender = self.bench.w3, self.bench.deployer
        made = w3.eth.wait_for_transaction_receipt(w3.eth.send_transaction({"from": sender, "data": creation}))
        calldata = side.registry.encode_abi(call.signature, call.args)
        sent = w3.eth.send_transaction({"from": sender, "to": made["contractAddress"], "data": calldata})
        return int(w3.eth.wait_for_transaction_receipt(sent)["gasUsed"])

    def _admit(self, account: str, amount: int) -> None:
        identity = self.ids.create().address
        for side in self.sides:
            register = side.registry.get_function_by_signature("registerIdentity(address,address,uint16)")
            self._send(register(account, identity, COUNTRY))
            if amount:
                self._send(side.token.functions.mint(account, amount))

    def _send(self, call: ContractFunction) -> None:
        self.bench.send(self.bench.deployer, call)


def make_ours(bench: Bench, ids: OnchainIds) -> Side:
    """Everything through the factory, as a deployment does; the deployer is the admin, and agent of the token."""
    w3, owner = bench.w3, bench.deployer
    authority = bench.deploy_authority()
    proxy = package_artifact("@openzeppelin/contracts/build/contracts/ERC1967Proxy.json")

    def proxied(name: str, *args: object) -> tuple[Contract, Contract]:
        implementation = bench.deploy(name, *args)
        start = implementation.encode_abi("initialize", [authority.address])
        made = deploy(w3, owner, proxy, implementation.address, bytes.fromhex(start[2:]))
        return w3.eth.contract(address=made.address, abi=artifact(name).abi), implementation

    sanctions, _ = proxied("SanctionsList")
    registry, clones = proxied("IdentityRegistry", sanctions.address)
    parts = (bench.deploy("RuleBook", registry.address), bench.deploy("HolderRecords"), bench.deploy("TransferTerms"))
    engine, _ = proxied("AutomatedComplianceEngine", registry.address, *(part.address for part in parts))
    factory = bench.deploy("TokenFactory", authority.address, engine.address, clones.address)
    bench.send(owner, sanctions.functions.addRegistry(registry.address))
    # Functions that no role is mapped to are the admin's: the factory needs that role for this once.
    bench.send(owner, authority.functions.grantRole(0, factory.address, 0))
    rule = (EVERY_CLASS, False, False, False, 0, 0, 0, 0, MOST, 0, 0, 0, 0)
    params = ("Bench", "BENCH", 18, [COUNTRY], 0, keccak(text="bench"))
    terms = (True, NOBODY, (0, 0), [rule], (0, 0, True, 0, "bench"), NOBODY, [owner])
    bench.send(owner, factory.functions.issueToken(params, terms))
    bench.send(owner, authority.functions.revokeRole(0, factory.address))
    token = w3.eth.contract(
        address=factory.functions.addressOf(keccak(text="bench")).call(), abi=artifact("ComplianceAwareToken").abi
    )
    registry = w3.eth.contract(address=token.functions.identityRegistry().call(), abi=registry.abi)
    bench.send(owner, registry.functions.setTopicTerms(TOPIC, (True, True, KYC, RETAIL, 31_536_000)))
    bench.send(owner, registry.functions.addTrustedIssuer(ids.issuer.address, [TOPIC]))
    return Side(token, registry)
