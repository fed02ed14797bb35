"""A store with something in every table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from eth_account import Account

from keepers.compliance.cases.cases import Finding, Plan, opened
from keepers.compliance.kyc.claims import Claim
from keepers.compliance.kyc.verification import Verification, VerificationMove, VerificationState, step
from keepers.compliance.kyc.webhooks import Hint
from keepers.compliance.lists.gate import Retirement
from keepers.compliance.lists.lifts import Lift
from keepers.compliance.lists.records import (
    Counts,
    ListDocument,
    ListedName,
    ListedParty,
    ListedWallet,
    ListFile,
)
from keepers.compliance.travel.exchange import Exchange
from keepers.execution.orders import Fill, OrderState, Reveal, SlicedOrder
from keepers.execution.participation import Caps
from keepers.market import quality
from keepers.risk.alert_rules import AlertRule
from keepers.risk.recorded import LIMITED, METRICS, Recorded
from keepers.store import (
    Cursor,
    Decision,
    Point,
    SeenBlock,
    Store,
    execution,
    forecasts,
    model_quality,
    risk_metrics,
    verifications,
)
from keepers.store.cases import carry_out
from keepers.store.lifts import ask
from keepers.store.lists import accept, retire
from keepers.store.model_quality import ModelQuality
from keepers.store.pauses import Pause, pause
from keepers.store.travel import Outgoing, Received, begin
from keepers.transactions.journal import Attempt, Wanted

BOT = "risk:demo"
JANUARY = 1_704_067_200
"""2024-01-01 00:00 UTC."""
MONTH = 30 * 86_400
_FIELDS = {"to": "0x" + "02" * 20, "value": 0, "gas": 21_000, "gasPrice": 1, "nonce": 5, "chainId": 31337}
RAW = "0x" + bytes(Account.from_key(b"\1" * 32).sign_transaction(_FIELDS).raw_transaction).hex()
"""A signed transaction of nobody's."""
_PARTY = ListedParty(
    "un", "7", "person", (ListedName("A \u03c3", "primary"),), wallets=(ListedWallet("0x" + "1" * 40, "ETH"),)
)
LISTED = ListDocument(
    "un", (ListFile("un.xml", 9, "aa", "bb" * 32),), "2024-01-01", Counts(1, 0, 0, 1), (_PARTY,), "un"
)
"""A sanctions list with one person."""


EXCHANGE = Exchange(
    *(0, "out", "bank-b", "a" * 36, "P-1", 1, "0x" + "3" * 40, "0x" + "4" * 40, "0x" + "5" * 40, Decimal("12.5")),
    *("f" * 64, "P-1", "b" * 32, "", 1000, 90_000),
)
"""An exchange of the travel rule that waits for its answer."""


ORDER = SlicedOrder(
    *(0, 31337, "0x" + "6" * 40, "0x" + "7" * 40, "0x" + "8" * 40, ("USDC", "AAA"), (6, 18), 1000, "twap", (600, 400)),
    *(JANUARY, 60, 1, 2**200, 50, OrderState.RUNNING, JANUARY),
    caps=Caps(1_000, 500),
    most=(600, 400),
)
"""An order of two slices with caps."""


def fill(store: Store, decisions: int = 20) -> Store:
    """Something in every table, a lease given up and a retired list included; the store."""
    store.see(BOT, [SeenBlock(number, f"0x{number:02x}", 1000 + number) for number in range(5)], 64)
    for number in range(decisions):
        outcome = "done" if number % 2 else "nothing"
        reason = f"because of \u03c3 = {number} 'quoted'"
        decision = Decision(BOT, f"key-{number}", number, outcome, reason, f"0x{number:064x}", 1000 + number)
        store.decide(decision, Cursor(BOT, number, f"0x{number:02x}", 1000 + number))
    store.observe(BOT, [Point("nav:demo", JANUARY + number * MONTH, number, 1.5 * number) for number in range(4)])
    measure(store)
    forecast(store)
    if (lease := store.take_lease(f"bot:{BOT}", "somebody", 30)) is not None:
        store.give_up_lease(lease)
    pause(store, Pause("rebalance:demo", "venue incident", 1000))
    accept(store, LISTED, None, 1000)
    mistake = accept(store, replace(LISTED, list_id="test"), None, 1000)
    retire(store, [mistake], Retirement(2000, "A. Officer", "a test file"))
    ask(store, [Lift(0, "0x" + "2" * 40, "un", "delisted", "A. Officer", 1000)])
    case = opened(Finding("P-1", "un", "7", 1, "a record", 0.9, ("name_exact",)), "aa" * 16, 1000)
    carry_out(store, Plan((case,), (), 0, 0), 1000)
    verify(store)
    execution.record(store, execution.create(store, ORDER).id, Fill(0, "0xaa", 7, "0xbb", 600, 5))
    execution.keep_reveal(store, 1, Reveal(1, b"swap", b"salt", JANUARY))
    begin(store, EXCHANGE, Outgoing("inquiry", "c" * 36), Received("bank-b", "d" * 36, "e" * 64, 1000))
    wanted = Wanted("waiting", 7, 31337, "0x" + "01" * 20, 10**20)
    store.journal(BOT).reserve(wanted, lambda: 5, lambda _: Attempt("0xff", RAW, 2**90, 7))
    return store


def recorded(block: int, at: int, **numbers: float) -> Recorded:
    """A row with every number, those that are given among them."""
    every = {name: 0.25 if name not in WHOLE else 1.0 for name in METRICS}
    return Recorded(BOT, "demo", block, at, 3, 2, "", "crash", {**every, **numbers}, dict.fromkeys(LIMITED, 0.5))


WHOLE = ("grade", "observations", "state", "close_findings", "close_refusals", "close_doubts", "unavailable")
"""Numbers whose columns are integers."""


def measure(store: Store) -> None:
    """Rows in two months, with weights, stress and an alert rule that fires."""
    rule = AlertRule(name="var", metric="var99", threshold=0.1)
    model_quality.record(store, QUALITY)
    for number in range(2):
        found = recorded(number, JANUARY + number * MONTH)
        risk_metrics.record(store, found, weights={"AAA": 0.5}, stress={"crash": 0.25}, rules=[rule])


QUALITY = ModelQuality(
    *("demo", 3, date(2024, 1, 2), "ab" * 32),
    quality.Quality(
        1000,
        2,
        (quality.Finding("outlier", "AAA", date(2020, 3, 12), date(2020, 3, 12), "100 becomes 55", "compare"),),
    ),
    *(BOT, 7, JANUARY),
)
"""Findings about the closes of a model."""

FORECAST = forecasts.Forecasted(
    *("demo", "regimes", date(2024, 1, 2), "champion", "0x" + "ab" * 32, "0x" + "cd" * 32, (0.1, -2.5)),
    *(0.25, False, 21, 756, "rebalance:demo", 7, JANUARY),
)
DEMOTION = forecasts.Demotion("demo", "regimes", "0x" + "ab" * 32, "2024-01-02", "inputs 9 over 63 days", 7, JANUARY)


def forecast(store: Store) -> None:
    """A forecast with its outcome, and a model that drifted."""
    forecasts.record(store, FORECAST)
    forecasts.fill_outcomes(store, "demo", {(FORECAST.day, 21, 756): True})
    forecasts.demote(store, DEMOTION)


def verify(store: Store) -> None:
    """A verification with a claim, and a webhook."""
    ids = {"person": "P-1", "level": "standard", "provider": "onfido", "workflow": "w", "onchain_id": "0x" + "3" * 40}
    wanted = Verification(0, "ab" * 16, **ids, asked_by="A. Officer", asked=1000, state=VerificationState.APPROVED)
    (one,) = verifications.ask(store, [wanted], "level standard")
    signed = step(one, VerificationMove.SIGN, "signed")
    verifications.move(store, one, signed, None, [Claim(2**256 - 1, 2000, b"data", b"signature")])
    verifications.deliver(store, Hint("onfido", "cd" * 32, "workflow_run.completed", "check"), 1000)
