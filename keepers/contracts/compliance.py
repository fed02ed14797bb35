"""A regulated token's rules, holders and log, read at one block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from eth_abi.abi import decode
from eth_utils.address import is_address, to_checksum_address

from keepers import abi
from keepers.abi import Fragment
from keepers.compliance.countries import UNSTATED
from keepers.compliance.movement import Identity, Movement, Party, State
from keepers.compliance.report_log import Entry, LogKind
from keepers.compliance.rules import CLOSED, EVERYWHERE, UNLIMITED, IssueRule, Reason, Rule, TokenRule
from keepers.compliance.transfer_terms import Blackout, ClassRule, PairRule, TransferTerms, VolumeLimit
from keepers.rpc.errors import ChainError
from keepers.rpc.node import Block, Call, Node, must

ZERO = "0x" + "00" * 20
COUNTRIES = (*range(1, 1_000), UNSTATED)
"""Codes of ISO 3166-1 have three digits; the last one stands for a country that is not stated (ERC-3643's 0)."""

BLOCKS_A_REQUEST = 10_000
"""Blocks in one request for events; public nodes bound it."""


def _engine(name: str) -> Fragment:
    return abi.function("AutomatedComplianceEngine", name)


def _terms(name: str) -> Fragment:
    return abi.function("TransferTerms", name)


def _token(name: str) -> Fragment:
    return abi.function("ComplianceAwareToken", name)


def _registry(name: str) -> Fragment:
    return abi.function("IdentityRegistry", name)


class NotRegulated(ChainError):
    """An address that is no regulated token with open rules."""


class ComplianceReader:
    """Reads about one token at one block.

    Args:
        node: A connection.
        token: Its address.

    Attributes:
        token: Checksummed.
        engine: Address of the engine that decides.
        registry: Address of the registry of its holders.
        symbol: Symbol of the token.
        decimals: Decimals of the token.
        block: Block at which everything is read.

    Raises:
        NotRegulated: If the address is none, or no regulated token.
    """

    def __init__(self, node: Node, token: str) -> None:
        if not is_address(token):
            raise NotRegulated(f"token {token}", "is no address", "give 0x and 40 hexadecimal digits")
        self.node = node
        self.token = to_checksum_address(token)
        self.block: Block = node.latest()
        answers = self._calls(Call(self.token, _token(name)) for name in ("engine", "symbol", "decimals"))
        if any(isinstance(answer, Exception) for answer in answers):
            raise NotRegulated(f"token {self.token}", "is no regulated token", "name one that a TokenFactory created")
        self.engine = to_checksum_address(answers[0])
        self.symbol, self.decimals = cast(str, answers[1]), cast(int, answers[2])
        self.registry = to_checksum_address(self._call(self.engine, _engine("registryOf"), self.token))
        if self.registry == ZERO:
            raise NotRegulated(f"token {self.token}", f"has no open rules in {self.engine}", "open them")

    def rules(self, first_block: int | None = None) -> dict[int, Rule]:
        """Every jurisdiction's rule but the closed ones'.

        Args:
            first_block: Block from which on events are read for rules of numbers that are not in COUNTRIES; None reads
                no events.
        """
        codes = set(COUNTRIES)
        if first_block is not None:
            topics = [_RULE_SET, "0x" + self.token[2:].lower().rjust(64, "0")]
            codes |= {int(str(log["topics"][2]), 16) for log in self._logs(first_block, topics)} - {0}
        found = self._rules_of(sorted(codes))
        return {code: rule for code, rule in found.items() if rule != CLOSED}

    def token_rule(self) -> TokenRule:
        """The rule of the token in every country."""
        return TokenRule.of(self._call(self.engine, _engine("tokenRuleOf"), self.token))

    def movement(
        self, sender: str | None, receiver: str | None, amount: int, spender: str | None = None
    ) -> tuple[Movement, State]:
        """A movement that somebody thinks of, with all that the rules look at.

        Args:
            sender: Address; None to mint.
            receiver: Address; None to burn.
            amount: Smallest units.
            spender: Account that would move it, if it is neither of the two.
        """
        addresses = [address for address in (sender, receiver, spender) if address is not None]
        parties = self._parties(addresses)
        state = self._state(parties)
        if sender is not None and state.open:
            limited = [code for code in parties[sender].countries if state.rule_in(code).volume_limit]
            volumes = self._calls(
                Call(self.engine, _engine("volumeOf"), (self.token, sender, code)) for code in limited
            )
            sent = {code: must(volume) for code, volume in zip(limited, volumes, strict=True)}
            limits = state.terms.volume_limits
            counted = self._calls(
                Call(self.engine, _terms("sentUnder"), (self.token, sender, limit.struct())) for limit in limits
            )
            under = dict(zip(limits, map(must, counted), strict=True))
            parties[sender] = replace(parties[sender], sent=sent, sent_under=under)
        counting = [rule for rule in state.terms.class_rules if rule.max_holders]
        if receiver is not None:
            inside = self._under("isCountedUnder", (receiver,), counting)
            parties[receiver] = replace(parties[receiver], counted_under=_true(inside))
        if sender is not None:
            alone = self._under("leavesUnder", (sender,), counting)
            parties[sender] = replace(parties[sender], leaves_under=_true(alone))
        find = {None: None, **parties}
        return Movement(find[sender], find[receiver], amount, find[spender]), state

    def holders(self, first_block: int = 0) -> tuple[list[Party], State]:
        """Accounts that the engine counts as holders, with all that the rules look at.

        Args:
            first_block: Block from which on events are read; the token's creation at the latest.
        """
        topics = [_COUNTED, "0x" + self.token[2:].lower().rjust(64, "0")]
        holds: dict[str, bool] = {}
        for log in self._logs(first_block, topics):
            holds[to_checksum_address("0x" + str(log["topics"][2])[-40:])] = int(str(log["data"]), 16) == 1
        return self.parties(sorted(address for address, counted in holds.items() if counted))

    def counted(self, first_block: int = 0) -> tuple[list[Party], State]:
        """Holders, and the class rules with a maximum of holders under which each person is counted."""
        parties, state = self.holders(first_block)
        counting = [rule for rule in state.terms.class_rules if rule.max_holders]
        found = (_true(self._under("isCountedUnder", (party.address,), counting)) for party in parties)
        return [replace(party, counted_under=under) for party, under in zip(parties, found, strict=True)], state

    def parties(self, addresses: Sequence[str], countries: Iterable[int] = ()) -> tuple[list[Party], State]:
        """Accounts with all that the rules look at, in their order; and the rules of more countries than theirs."""
        found = self._parties(addresses)
        return [found[address] for address in addresses], self._state(found, countries)

    def _state(self, parties: dict[str | None, Party], more: Iterable[int] = ()) -> State:
        theirs = {country for party in parties.values() for country in party.countries}
        countries = sorted({*theirs, *more} - {0})
        token_rule = self.token_rule()
        holders = self._calls(Call(self.engine, _engine("holdersOf"), (self.token, code)) for code in countries or [1])
        issues = self._issues([0, *countries])
        terms = self.terms()
        counted = self._under("classHoldersOf", (), [rule for rule in terms.class_rules if rule.max_holders])
        return State(
            now=self.block.timestamp,
            decimals=self.decimals,
            paused=bool(self._call(self.token, _token("paused"))),
            required_topics=token_rule.required_topics,
            max_holders=token_rule.max_holders,
            holders=must(holders[0])[0],
            rules=self._rules_of(countries),
            holders_in={code: must(found)[1] for code, found in zip(countries, holders, strict=False)},
            supply=self._call(self.token, _token("totalSupply")),
            issue_rules={code: rule for code, (rule, _) in issues.items()},
            issued_in={code: issued for code, (_, issued) in issues.items()},
            terms=terms,
            class_holders=counted,
            census=self._call(self.engine, _terms("censusOf"), self.token)[0],
        )

    def _under(self, name: str, account: tuple[str, ...], rules: Sequence[ClassRule]) -> dict[ClassRule, Any]:
        """The engine's answer about each class rule with a maximum of holders."""
        answers = self._calls(Call(self.engine, _terms(name), (self.token, *account, rule.struct())) for rule in rules)
        return dict(zip(rules, map(must, answers), strict=True))

    def terms(self) -> TransferTerms:
        """The token's terms by pairs of countries and dates."""
        names = ("pairRulesOf", "blackoutsOf", "volumeLimitsOf", "classRulesOf")
        answers = self._calls(Call(self.engine, _terms(name), (self.token,)) for name in names)
        rules, blackouts, limits, classes = map(must, answers)
        return TransferTerms(
            tuple(sorted(PairRule.of(rule) for rule in rules)),
            tuple(sorted(Blackout.of(found) for found in blackouts)),
            tuple(sorted(VolumeLimit.of(limit) for limit in limits)),
            tuple(ClassRule.of(rule) for rule in classes),
        )

    def issue_rules(self, countries: Sequence[int] = ()) -> dict[int, IssueRule]:
        """Rules for issuing in these countries and, under 0, in all together; those that limit nothing are left out."""
        found = self._issues([0, *countries])
        return {code: rule for code, (rule, _) in found.items() if rule != UNLIMITED}

    def _issues(self, countries: Sequence[int]) -> dict[int, tuple[IssueRule, int]]:
        """Rules for issuing, and what counts against them. The engine names all countries by EVERYWHERE, and the one
        that is not stated by 0; here it is the other way round, as in identities."""
        code_of = {0: EVERYWHERE, EVERYWHERE: 0}
        answers = self._calls(
            Call(self.engine, _engine(name), (self.token, code_of.get(code, code)))
            for code in countries
            for name in ("issueRuleOf", "issuedIn")
        )
        pairs = zip(answers[::2], answers[1::2], strict=True)
        return {
            code: (IssueRule(*must(rule)), must(issued)) for code, (rule, issued) in zip(countries, pairs, strict=True)
        }

    def verdict(self, movement: Movement) -> tuple[str | None, Reason]:
        """Returns the verdict of the engine itself: the refused account and the reason."""
        sender, receiver = _address(movement.sender), _address(movement.receiver)
        operator = _address(movement.spender or movement.sender)
        check = _engine("checkTransfer")
        account, reason = self._call(self.engine, check, self.token, operator, sender, receiver, movement.amount)
        return (None if account == ZERO else to_checksum_address(account)), Reason(reason)

    def restriction(self, movement: Movement) -> Reason:
        """Returns the token's own verdict on a transfer by its sender (ERC-1404)."""
        sender, receiver = _address(movement.sender), _address(movement.receiver)
        return Reason(self._call(self.token, _token("detectTransferRestriction"), sender, receiver, movement.amount))

    def log_head(self) -> tuple[bytes, int]:
        """Running hash of the token's log, and how many entries it has."""
        head, entries = self._call(self.engine, _engine("logOf"), self.token)
        return head, entries

    def log_entries(self, first_block: int = 0) -> list[Entry]:
        """The token's log from events, in order."""
        topics = [[_CROSSED, _REFUSED], "0x" + self.token[2:].lower().rjust(64, "0")]
        raw = self._logs(first_block, topics)
        blocks = sorted({str(log["blockNumber"]) for log in raw})
        headers = self.node.batch(("eth_getBlockByNumber", [number, False]) for number in blocks)
        times = {number: int(must(header)["timestamp"], 16) for number, header in zip(blocks, headers, strict=True)}
        return [_entry(log, times[str(log["blockNumber"])]) for log in raw]

    def _logs(self, first_block: int, topics: list[Any]) -> list[dict[str, Any]]:
        """Events of the engine up to the block of this reader, in order."""
        raw: list[dict[str, Any]] = []
        for start in range(first_block, self.block.number + 1, BLOCKS_A_REQUEST):
            end = min(start + BLOCKS_A_REQUEST - 1, self.block.number)
            query = {"address": self.engine, "fromBlock": hex(start), "toBlock": hex(end), "topics": topics}
            raw.extend(self.node.rpc("eth_getLogs", [query]))
        return raw

    def _rules_of(self, countries: Sequence[int]) -> dict[int, Rule]:
        answers = self._calls(Call(self.engine, _engine("ruleOf"), (self.token, code)) for code in countries)
        return {code: Rule.of(must(answer)) for code, answer in zip(countries, answers, strict=True)}

    def _parties(self, addresses: Sequence[str]) -> dict[str | None, Party]:
        wanted = sorted(set(addresses))
        width = 10
        answers = self._calls(
            call
            for address in wanted
            for call in (
                Call(self.registry, _registry("packedIdentityOf"), (address,)),
                Call(self.token, _token("balanceOf"), (address,)),
                Call(self.engine, _engine("holderOf"), (self.token, address)),
                Call(self.engine, _engine("movedInDay"), (self.token, address)),
                Call(self.token, _token("isFrozen"), (address,)),
                Call(self.token, _token("getFrozenTokens"), (address,)),
                Call(self.registry, _registry("personOf"), (address,)),
                Call(self.engine, _engine("isSharedLedgerAdmitted"), (self.token, address)),
                Call(self.engine, _engine("isTreasury"), (self.token, address)),
                Call(self.engine, _terms("isAffiliate"), (self.token, address)),
            )
        )
        found: dict[str | None, Party] = {}
        for position, address in enumerate(wanted):
            word, balance, holder, in_day, wallet_frozen, frozen, person, admitted, treasury, affiliate = (
                must(answer) for answer in answers[position * width : (position + 1) * width]
            )
            party = Party(
                address=address,
                identity=Identity.of_word(word),
                balance=balance,
                counted_in=holder[0],
                locked=holder[1],
                unlocks_at=holder[2],
                sent_in_day=in_day[0],
                received_in_day=in_day[1],
                admitted=admitted,
                treasury=treasury,
                person="" if (identity := to_checksum_address(person[0])) == ZERO else identity,
                affiliate=affiliate,
                wallet_frozen=wallet_frozen,
                frozen=frozen,
            )
            if party.identity.linked or party.identity.former:
                party = self._with_other_wallets(party, person[1], person[2])
            found[address] = party
        return found

    def _with_other_wallets(self, party: Party, wallets: Sequence[str], countries: Sequence[int]) -> Party:
        known = {str(to_checksum_address(wallet)): country for wallet, country in zip(wallets, countries, strict=True)}
        known.pop(party.address, None)
        balances = self._calls(Call(self.token, _token("balanceOf"), (wallet,)) for wallet in known)
        held = {wallet: must(balance) for wallet, balance in zip(known, balances, strict=True)}
        words = self._calls(Call(self.registry, _registry("packedIdentityOf"), (wallet,)) for wallet in known)
        return replace(
            party,
            other_wallets=held,
            other_countries=tuple(dict.fromkeys(known.values())),
            other_identities=tuple(Identity.of_word(must(word)) for word in words),
        )

    def _call(self, to: str, function: Fragment, *args: Any) -> Any:
        return must(self._calls([Call(to, function, args)])[0])

    def _calls(self, calls: Any) -> list[Any]:
        return self.node.calls(list(calls), self.block.number)


def _true(found: dict[ClassRule, bool]) -> frozenset[ClassRule]:
    return frozenset(rule for rule, yes in found.items() if yes)


def _topic(name: str) -> str:
    return "0x" + abi.event("AutomatedComplianceEngine", name).topic.hex()


_CROSSED, _REFUSED = _topic("ThresholdCrossed"), _topic("MovementRefused")
_COUNTED = _topic("HolderCounted")
_RULE_SET = _topic("RuleSet")


def _entry(log: dict[str, Any], timestamp: int) -> Entry:
    """An event: token, index and (kind or reason) are indexed, the rest is data."""
    topics = [str(topic) for topic in log["topics"]]
    data = bytes.fromhex(str(log["data"])[2:])
    index, last = int(topics[2], 16), int(topics[3], 16)
    if topics[0] == _CROSSED:
        kind, reason, account = last, Reason.NONE, ZERO
        operator, sender, receiver, amount, head = decode(("address", "address", "address", "uint256", "bytes32"), data)
    else:
        kind, reason = LogKind.REFUSAL, Reason(last)
        types = ("address", "address", "address", "address", "uint256", "bytes32")
        account, operator, sender, receiver, amount, head = decode(types, data)
    return Entry(
        index=index,
        kind=int(kind),
        reason=int(reason),
        account=to_checksum_address(account),
        operator=to_checksum_address(operator),
        sender=to_checksum_address(sender),
        receiver=to_checksum_address(receiver),
        amount=amount,
        timestamp=timestamp,
        head="0x" + head.hex(),
    )


def _address(party: Party | None) -> str:
    return ZERO if party is None else party.address
