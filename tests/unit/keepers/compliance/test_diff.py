"""Changes that applying would make, in words."""

from __future__ import annotations

from dataclasses import replace

from keepers.compliance.diff import described, described_losses
from keepers.compliance.impact import losses
from keepers.compliance.movement import Identity, Party, State
from keepers.compliance.plan import changes, issue_steps, token_steps
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.assignment import Assignment, assign
from keepers.compliance.rulebook.terms import IssuerTerms
from keepers.compliance.rules import Rule, TokenRule
from tests.fixtures.openings import WORTH, opening

RULEBOOK = load_rulebook()


def wanted(**regimes: str | None) -> dict[int, Assignment]:
    codes = {found.alpha2: found for found in RULEBOOK.jurisdictions.values()}
    open_in = {letters: opening(codes[letters], regime) for letters, regime in regimes.items()}
    return assign(RULEBOOK, IssuerTerms.model_validate({"instrument": "security", "open": open_in, "worth": WORTH}), 18)


def shown(on_chain: dict[int, Rule], assignments: dict[int, Assignment], most: int = 0) -> str:
    pending = changes(on_chain, {code: found.rule for code, found in assignments.items()})
    return "\n".join(described(pending, token_steps(TokenRule(), most), assignments, 18))


def test_described__new_country__has_every_field_with_its_law() -> None:
    text = shown({}, wanted(DE="large-tickets"))
    assert "  DE 276 Germany\n    loosens  classes: nobody -> retail, accredited, institutional  (large-ticket" in text
    assert "tightens min_holding: - -> 1,086.9565217392  (large-tickets: Regulation (EU) 2017/1129" in text


def test_described__country_on_chain_that_is_not_open__is_closed() -> None:
    text = shown({4: Rule(classes=0b1110)}, wanted())
    assert "  AF 004 not open\n    tightens classes: retail, accredited, institutional -> nobody" in text


def test_described__maximum_worldwide_alone__is_a_change() -> None:
    assignments = wanted(US="reg-d-506c")
    text = shown({code: found.rule for code, found in assignments.items()}, assignments, most=1_999)
    assert "every country together\n    tightens max_holders: 1,999  (Securities Exchange Act of 1934" in text
    assert text.endswith("0 jurisdictions change: 1 transactions tighten at once, 0 loosen after the officer's delay.")


def test_described__issuance_limit_alone__is_a_change_with_its_law() -> None:
    assignments = wanted(US="reg-a-tier-2")
    issues = issue_steps({}, {840: assignments[840].issues})
    text = "\n".join(described([], [], assignments, 18, issues))
    assert (
        "  US 840 United States of America, what its holders are issued\n    tightens period_issuance: - -> 750,000 in"
        in text
    )
    assert "750,000 in any 366 days  (reg-a-tier-2: Regulation A, 17 CFR 230.251, (a)(2)" in text
    assert text.endswith("0 jurisdictions change: 1 transactions tighten at once, 0 loosen after the officer's delay.")


def test_described__nothing_to_change__says_so() -> None:
    assignments = wanted(DE=None)
    text = shown({code: found.rule for code, found in assignments.items()}, assignments)
    assert text == "Nothing to change: the chain has the rulebook's rules."


def test_described_losses__holder__has_country_class_and_reason() -> None:
    identity = Identity(country=276, investor_class=1, kyc_expiry=2**40 - 1, aml_expiry=2**40 - 1)
    holder = Party("0xabc", identity, balance=1)
    state = State(now=1_800_000_000, rules={276: Rule(classes=0b1110)})
    (line,) = described_losses(losses([holder], state, {276: Rule(classes=0b1100)}))
    assert line.endswith("0xabc  DE (276), retail; class not allowed: retail, of accredited, institutional")
    unaffected = losses([holder], replace(state), {276: Rule(classes=0b1110)})
    assert described_losses(unaffected) == ["  No holder becomes ineligible."]
