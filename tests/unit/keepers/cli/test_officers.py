"""`quantera compliance …` of officers, against the deployed protocol: what each does, shows beforehand and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from keepers.compliance.rules import Reason
from scripts._lib.anvil import advance
from scripts._lib.artifacts import artifact
from scripts._lib.deployment import roles
from scripts._lib.transactions import deploy
from tests.fixtures.claim_issuer import ClaimIssuer
from tests.fixtures.compliance import ACCREDITED_TOPIC, AML_TOPIC, KYC_TOPIC
from tests.fixtures.node import SENDER, World
from tests.fixtures.officers import DELAY, GERMANY, RETAIL, SWITZERLAND, UNIT, Bureau
from tests.unit.keepers.cli.test_cli import invoke

HASH = "0x" + "5d" * 32


@pytest.fixture
def note(bureau: Bureau) -> Any:
    return bureau.token()


@pytest.fixture
def claim_issuer(world: World, bureau: Bureau) -> ClaimIssuer:
    return ClaimIssuer(world)


# -- Freezes


def test_freeze__wallet__is_announced_with_its_holding_and_done(bureau: Bureau, note: Any) -> None:
    holder = bureau.holder(note, amount=1_200)
    shown = bureau.dry("freeze", note.address, holder)
    line = f"becomes ineligible: {holder}  CH (756), accredited, holds 1,200 NOTE; wallet frozen: frozen for this token"
    assert line in shown and "Dry run." in shown
    assert not note.functions.isFrozen(holder).call()
    output = bureau.done("freeze", note.address, holder)
    assert line in output and "sent: 0x" in output and output.endswith("Sent.\n")
    assert note.functions.isFrozen(holder).call()


def test_freeze__frozen_already__sends_nothing(bureau: Bureau, note: Any) -> None:
    holder = bureau.holder(note)
    bureau.done("freeze", note.address, holder)
    before = bureau.sent()
    assert "Nothing to do." in bureau.done("freeze", note.address, holder)
    assert bureau.sent() == before
    bureau.done("unfreeze", note.address, holder)
    bureau.done("freeze", note.address, holder)
    assert note.functions.isFrozen(holder).call() and bureau.sent() == before + 2


def test_freeze__part_of_a_balance__in_whole_tokens(bureau: Bureau, note: Any) -> None:
    holder = bureau.holder(note)
    output = bureau.done("freeze", note.address, holder, "--amount", "25.5")
    assert f"freeze 25.5 NOTE of {holder}" in output and "Nobody becomes ineligible." in output
    assert note.functions.getFrozenTokens(holder).call() == 255 * UNIT // 10
    bureau.done("unfreeze", note.address, holder, "--amount", "5")
    assert note.functions.getFrozenTokens(holder).call() == 205 * UNIT // 10


def test_freeze__same_part_twice__needs_another_reference(bureau: Bureau, note: Any) -> None:
    holder = bureau.holder(note)
    bureau.done("freeze", note.address, holder, "--amount", "10")
    line = bureau.refused("freeze", note.address, holder, "--amount", "10")
    assert "was sent before" in line and "give --reference" in line
    bureau.done("freeze", note.address, holder, "--amount", "10", "--reference", "case-2")
    assert note.functions.getFrozenTokens(holder).call() == 20 * UNIT


def test_freeze__more_than_there_is__one_line_with_what_there_is(bureau: Bureau, note: Any) -> None:
    holder = bureau.holder(note)
    bureau.done("freeze", note.address, holder, "--amount", "60")
    line = bureau.refused("freeze", note.address, holder, "--amount", "41")
    assert f"amount 41: of {holder} only 40 NOTE are not frozen; freeze at most that" in line
    assert "of " in bureau.refused("unfreeze", note.address, holder, "--amount", "61")


@pytest.mark.parametrize(("decimals", "amount", "units"), [(0, "7", 7), (6, "0.000001", 1), (8, "2.5", 250_000_000)])
def test_freeze__part__of_a_token_with_few_decimals(bureau: Bureau, decimals: int, amount: str, units: int) -> None:
    token = bureau.token(decimals=decimals)
    holder = bureau.holder(token)
    bureau.done("freeze", token.address, holder, "--amount", amount)
    assert token.functions.getFrozenTokens(holder).call() == units
    finer = "0." + "0" * decimals + "1"
    told = f"amount {finer}: has more digits than the token's {decimals} decimals"
    assert told in bureau.refused("freeze", token.address, holder, "--amount", finer)


def test_freeze__symbol_with_a_line_break__cannot_write_lines_of_its_own(bureau: Bureau) -> None:
    token = bureau.token("X\n  Nobody becomes ineligible.")
    output = bureau.dry("freeze", token.address, bureau.holder(token))
    assert "  Nobody becomes ineligible." not in output.splitlines() and "X?  Nobody" in output


def test_freeze__person__stops_every_wallet_for_every_token(
    bureau: Bureau, note: Any, claim_issuer: ClaimIssuer
) -> None:
    other = bureau.token("BOND")
    identity, first = claim_issuer.admit(ACCREDITED_TOPIC)
    second = claim_issuer.register(identity)
    bureau.accounts.extend((first, second))
    bureau.give(first, note)
    bureau.give(second, other, amount=7)
    assert f"other wallets of the person are not frozen: {second}" in bureau.dry("freeze", note.address, first)
    shown = bureau.dry("freeze", note.address, first, "--person")
    for wallet, held in ((first, "100 NOTE"), (second, "7 BOND"), (second, "0 NOTE")):
        assert f"{wallet}  CH (756), accredited, holds {held}; account frozen" in shown
    bureau.done("freeze", note.address, first, "--person")
    assert {bureau.reason(token, wallet) for token in (note, other) for wallet in (first, second)} == {
        Reason.ACCOUNT_FROZEN
    }
    shown = bureau.done("unfreeze", note.address, second, "--person")
    assert f"becomes eligible: {first}" in shown and bureau.verified([first, second]) == [True, True]


# -- Affiliates


def test_affiliates__mark__binds_every_wallet_of_the_person(
    bureau: Bureau, note: Any, claim_issuer: ClaimIssuer
) -> None:
    identity, first = claim_issuer.admit()
    second = claim_issuer.register(identity)
    assert "an affiliate sends nothing in a blackout" in bureau.done("affiliates", "mark", note.address, first)
    terms = bureau.world.w3.eth.contract(address=bureau.engine.address, abi=artifact("TransferTerms").abi)
    assert terms.functions.isAffiliate(note.address, second).call()
    assert "Nothing to do." in bureau.done("affiliates", "mark", note.address, second)


def test_affiliates__unmark__waits_out_the_delay(bureau: Bureau, note: Any) -> None:
    director = bureau.holder(note)
    bureau.done("affiliates", "mark", note.address, director)
    command = ("affiliates", "unmark", note.address, director)
    assert "is scheduled, because" in bureau.done(*command)
    assert f"cancel removeAffiliates of AutomatedComplianceEngine for {note.address}, {director}" in bureau.dry(
        "cancel", note.address
    )
    advance(bureau.world.w3, DELAY)
    assert bureau.run(*command).stdout.endswith("Sent.\n")
    assert f"{director} is not marked" in bureau.dry(*command)


def test_affiliates__no_address__one_line(bureau: Bureau, note: Any) -> None:
    result = bureau.run("affiliates", "mark", note.address, "director")
    assert result.exit_code != 0 and len(result.stderr.strip().splitlines()) == 1


# -- Counting under class rules


def test_recount__new_limit_of_holders__counts_everybody_and_then_nobody(bureau: Bureau, note: Any) -> None:
    first, second = bureau.holder(note), bureau.holder(note)
    terms = bureau.world.w3.eth.contract(address=bureau.engine.address, abi=artifact("TransferTerms").abi)
    rule = (65_535, 0b1110, 0, False, 0, 0, 0, 499)
    bureau.world.call(terms.functions.addClassRules(note.address, [rule]))
    _, holders = terms.functions.censusOf(note.address).call()
    shown = bureau.done("recount", note.address)
    assert "0 of 499 persons are counted now" in shown
    assert f"{holders} wallets of holders are not counted yet" in shown
    assert terms.functions.censusOf(note.address).call() == [holders, holders]
    assert all(terms.functions.isCountedUnder(note.address, one, rule).call() for one in (first, second))
    assert "Nothing to do." in bureau.done("recount", note.address)


def test_recount__accounts__are_counted_although_nothing_is_wrong(bureau: Bureau, note: Any) -> None:
    holder = bureau.holder(note)
    assert f"count {holder} anew" in bureau.done("recount", note.address, holder)


# -- Registering, documents, refreshing


def test_register__on_the_officers_word__can_hold(bureau: Bureau, note: Any) -> None:
    holder = bureau.stranger()
    command = ("register", note.address, holder, "--country", "ch", "--class", "accredited", "--until", "2030-01-01")
    assert f"becomes eligible: {holder}  not registered, holds 0 NOTE" in bureau.dry(*command)
    bureau.done(*command)
    assert bureau.reason(note, holder) == Reason.NONE
    assert "Nothing to do." in bureau.done(*command)


def test_register__closed_country__takes_eligibility_away_and_says_so(bureau: Bureau, note: Any) -> None:
    holder = bureau.holder(note)
    shown = bureau.done(
        "register", note.address, holder, "--country", "FR", "--class", "retail", "--until", "2030-01-01"
    )
    assert f"becomes ineligible: {holder}  CH (756), accredited, holds 100 NOTE; country not allowed" in shown
    assert bureau.reason(note, holder) == Reason.COUNTRY_NOT_ALLOWED


def test_register__wallet_of_an_onchainid__its_claims_decide(
    bureau: Bureau, note: Any, claim_issuer: ClaimIssuer
) -> None:
    identity = claim_issuer.create_identity(KYC_TOPIC, AML_TOPIC, ACCREDITED_TOPIC)
    wallet = bureau.stranger()
    output = bureau.done("register", note.address, wallet, "--country", "756", "--identity", identity.address)
    assert "its claims say: CH (756), accredited, KYC until" in output and f"becomes eligible: {wallet}" in output
    assert bureau.reason(note, wallet) == Reason.NONE and claim_issuer.class_of(wallet) == 2


def test_register__second_wallet_of_a_sanctioned_person__is_not_called_eligible(
    bureau: Bureau, note: Any, claim_issuer: ClaimIssuer
) -> None:
    identity, first = claim_issuer.admit()
    bureau.done("sanction", first, "--source", HASH)
    wallet = bureau.stranger()
    output = bureau.done("register", note.address, wallet, "--country", "CH", "--identity", identity.address)
    assert "becomes eligible" not in output
    assert bureau.reason(note, wallet) == Reason.SANCTIONED


def test_register__identity_of_claims__word_is_refused(bureau: Bureau, note: Any, claim_issuer: ClaimIssuer) -> None:
    _, wallet = claim_issuer.admit()
    line = bureau.refused(
        "register", note.address, wallet, "--country", "CH", "--class", "retail", "--until", "2030-01-01"
    )
    assert "is registered with ONCHAINID" in line and "refresh it" in line


def test_documents__one_that_a_rule_needs_is_taken_off__holder_is_listed(bureau: Bureau) -> None:
    token = bureau.token(documents=0b100)
    holder = bureau.holder()
    output = bureau.done("documents", token.address, holder, "investor-statement", "risk-acknowledgement")
    assert "documents of" in output and "risk acknowledgement, investor statement" in output
    bureau.give(holder, token)
    shown = bureau.done("documents", token.address, holder, "risk-acknowledgement")
    assert f"becomes ineligible: {holder}" in shown and "document missing: investor statement not on file" in shown
    assert bureau.reason(token, holder) == Reason.DOCUMENT_MISSING


def test_refresh__claim_revoked__the_holder_is_listed_before_it_is_sent(
    bureau: Bureau, note: Any, claim_issuer: ClaimIssuer
) -> None:
    identity, wallet = claim_issuer.admit()
    bureau.give(wallet, note, amount=3)
    claim_issuer.revoke(identity, AML_TOPIC)
    shown = bureau.dry("refresh", note.address, wallet)
    assert f"becomes ineligible: {wallet}  CH (756), retail, holds 3 NOTE; not verified" in shown
    bureau.done("refresh", note.address, wallet)
    assert bureau.verified([wallet]) == [False]


# -- Rules


TERMS = """
tokens:
  "{token}":
    instrument: security
    worth: {{USD: 1000, EUR: 920}}
    open:
      DE: {{}}
"""


def test_apply__terms__tightens_at_once_and_loosens_after_the_delay(bureau: Bureau, tmp_path: Path) -> None:
    token, holder = bureau.token(), bureau.stranger()
    bureau.register_as(holder, GERMANY, RETAIL)
    swiss = bureau.holder(token)
    terms = tmp_path / "terms.yaml"
    terms.write_text(TERMS.format(token=token.address))
    command = ("apply", token.address, "--terms", str(terms))
    shown = bureau.dry(*command)
    assert f"becomes ineligible: {swiss}  CH (756), accredited, holds 100 NOTE; country not allowed" in shown
    assert "tightens classes: retail, accredited, institutional -> nobody" in shown
    assert "setRules in 1 jurisdictions (setRules of AutomatedComplianceEngine): is scheduled, because" in shown
    bureau.run(*command)
    opened = bureau.engine.functions.isCountryAllowed
    assert [opened(token.address, code).call() for code in (SWITZERLAND, GERMANY)] == [False, False]
    assert "cancel setRules of AutomatedComplianceEngine in DE" in bureau.dry("cancel", token.address)
    advance(bureau.world.w3, DELAY)
    assert bureau.run(*command).stdout.endswith("Sent.\n")
    assert opened(token.address, GERMANY).call() and bureau.reason(token, holder) == Reason.CLASS_NOT_ALLOWED
    before = bureau.sent()
    assert "Nothing to do." in bureau.run(*command).stdout and bureau.sent() == before


def test_apply__terms_that_do_not_name_the_token__one_line(bureau: Bureau, note: Any, tmp_path: Path) -> None:
    terms = tmp_path / "terms.yaml"
    terms.write_text("tokens: {}")
    line = bureau.refused("apply", note.address, "--terms", str(terms))
    assert line == "quantera: token NOTE: terms.yaml does not name it; add its terms, open nowhere if need be"


def test_check_and_diff__config__take_the_node_from_it(bureau: Bureau, note: Any, tmp_path: Path) -> None:
    giver, taker = bureau.holder(note), bureau.holder()
    config = ("--config", str(bureau.config))
    assert "Allowed." in invoke("compliance", "check", note.address, giver, taker, "10", *config).stdout
    terms = tmp_path / "terms.yaml"
    terms.write_text(TERMS.format(token=note.address))
    shown = invoke("compliance", "diff", note.address, "--terms", str(terms), *config).stdout
    assert f"becomes ineligible: holder    {giver}" in shown
    for more in ((), ("--rpc", "http://127.0.0.1:1"), (*config, "--chain-id", "1")):
        result = invoke("compliance", "check", note.address, giver, taker, "10", *more)
        assert result.exit_code == 2 and "give either --config, or --rpc and --chain-id" in result.stderr


# -- Sanctions, and what waits


def test_sanction__one_wallet__lists_the_persons_others_and_all_tokens(
    bureau: Bureau, note: Any, claim_issuer: ClaimIssuer
) -> None:
    identity, first = claim_issuer.admit()
    second = claim_issuer.register(identity)
    bureau.accounts.extend((first, second))
    bureau.give(second, note, amount=8)
    shown = bureau.dry("sanction", first, "--source", HASH)
    assert f"{second}  CH (756), retail, holds 8 NOTE; sanctioned: another wallet of the person" in shown
    bureau.done("sanction", first, "--source", HASH)
    assert [bureau.reason(note, wallet) for wallet in (first, second)] == [Reason.SANCTIONED] * 2
    assert bureau.sanctions.functions.isSanctioned(first).call()
    assert "is on the list" in bureau.done("sanction", first, "--source", HASH)


def test_lift__delay__is_scheduled_and_executed_by_a_later_run(bureau: Bureau, note: Any) -> None:
    holder = bureau.holder(note)
    bureau.done("sanction", holder, "--source", HASH)
    command = ("lift", holder, "--source", HASH)
    output = bureau.done(*command)
    assert "because COMPLIANCE_OFFICER_DELAYED waits; run this again from" in output and "Scheduled." in output
    before = bureau.sent()
    assert "is scheduled, may run from" in bureau.done(*command) and bureau.sent() == before
    advance(bureau.world.w3, DELAY)
    assert f"becomes eligible: {holder}" in bureau.done(*command)
    assert bureau.reason(note, holder) == Reason.NONE


def test_lift__another_wallet_of_the_person_is_listed__nobody_becomes_eligible(
    bureau: Bureau, note: Any, claim_issuer: ClaimIssuer
) -> None:
    identity, first = claim_issuer.admit()
    second = claim_issuer.register(identity)
    bureau.accounts.extend((first, second))
    bureau.done("sanction", first, second, "--source", HASH)
    bureau.done("lift", first, "--source", HASH)
    advance(bureau.world.w3, DELAY)
    assert "becomes eligible" not in bureau.done("lift", first, "--source", HASH)
    assert not bureau.sanctions.functions.isSanctioned(first).call()
    assert [bureau.reason(note, wallet) for wallet in (first, second)] == [Reason.SANCTIONED] * 2


def test_lift__list_that_changed_meanwhile__is_scheduled_anew(bureau: Bureau, note: Any) -> None:
    first, second = bureau.holder(note), bureau.holder(note)
    bureau.done("sanction", first, "--source", HASH)
    bureau.done("lift", first, "--source", HASH)
    bureau.done("sanction", second, "--source", HASH)
    advance(bureau.world.w3, DELAY)
    assert "Scheduled." in bureau.done("lift", first, "--source", HASH), "a batch names the version it was made from"
    assert bureau.dry("cancel").count("cancel lift of SanctionsList") == 2


def test_cancel__what_is_scheduled__is_listed_in_words_and_gone(bureau: Bureau, note: Any) -> None:
    holder = bureau.holder(note)
    bureau.done("sanction", holder, "--source", HASH)
    bureau.done("lift", holder, "--source", HASH)
    line = f"cancel lift of SanctionsList for {holder}; scheduled by {SENDER}, may run from"
    assert line in bureau.dry("cancel") and line in bureau.done("cancel")
    assert "nothing is scheduled" in bureau.done("cancel")
    advance(bureau.world.w3, DELAY)
    assert "is scheduled" in bureau.done("lift", holder, "--source", HASH)
    assert bureau.reason(note, holder) == Reason.SANCTIONED


# -- Venues


def test_venue__admit_and_drop__the_pool_that_holds_tokens_is_listed(bureau: Bureau, note: Any) -> None:
    pool = bureau.world.tokens["AAA"].address  # any contract does
    assert f"becomes eligible: {pool}" in bureau.done("venue", "admit", note.address, pool)
    assert bureau.registry.functions.isVerified(pool).call()
    shown = bureau.dry("venue", "drop", note.address, pool)
    assert f"becomes ineligible: {pool}  venue account, holds 0 NOTE; not registered" in shown
    bureau.done("venue", "drop", note.address, pool)
    assert not bureau.registry.functions.isVerified(pool).call()


def test_recover__registry_of_this_token_alone__the_lost_wallet_is_listed(
    bureau: Bureau, claim_issuer: ClaimIssuer
) -> None:
    registry = claim_issuer.issue_with_own_registry()
    token = bureau.newest_token()
    identity = claim_issuer.create_identity(KYC_TOPIC, AML_TOPIC)
    lost = claim_issuer.register(identity, registry)
    bureau.give(lost, token, amount=9)
    new = bureau.stranger()
    bureau.manage(identity, new)
    output = bureau.done("recover", token.address, lost, new)
    assert f"becomes ineligible: {lost}" in output and f"becomes eligible: {new}" in output
    assert token.functions.balanceOf(new).call() == 9 * UNIT
    assert [bureau.reason(token, wallet) for wallet in (lost, new)] == [Reason.NOT_REGISTERED, Reason.NONE]


def test_venue__ledger_that_anyone_can_hold__needs_the_option_and_the_delay(bureau: Bureau, note: Any) -> None:
    vault = deploy(bureau.world.w3, bureau.world.owner, artifact("MockVault"), note.address).address
    line = bureau.refused("venue", "admit", note.address, vault)
    assert "anyone can hold its ledger" in line and "--shared-ledger" in line
    command = ("venue", "admit", note.address, vault, "--shared-ledger")
    assert "Scheduled." in bureau.done(*command)
    assert f"cancel admitSharedLedger of AutomatedComplianceEngine for {note.address}, {vault}" in bureau.dry(
        "cancel", note.address
    )
    advance(bureau.world.w3, DELAY)
    bureau.done(*command)
    assert bureau.engine.functions.isSharedLedgerAdmitted(note.address, vault).call()
    shown = bureau.done("venue", "drop", note.address, vault)
    assert f"becomes ineligible: {vault}" in shown and "venue not admitted" in shown
    assert not bureau.engine.functions.isSharedLedgerAdmitted(note.address, vault).call()


# -- Issues, forced transfers and recoveries


def test_issue__officer_with_the_role__mints_whole_tokens_once(bureau: Bureau, note: Any) -> None:
    holder = bureau.holder()
    line = bureau.refused("issue", note.address, holder, "12.5")
    assert f"{SENDER} has not the role ISSUER" in line
    bureau.world.call(bureau.world.contract("AccessManager").functions.grantRole(roles.ISSUER, SENDER, 0))
    assert "holds 0, then 12.5 NOTE" in bureau.done("issue", note.address, holder, "12.5")
    assert note.functions.balanceOf(holder).call() == 125 * UNIT // 10
    assert "was sent before" in bureau.refused("issue", note.address, holder, "12.5")
    stranger = bureau.stranger()
    assert f"{stranger} is refused: not registered" in bureau.refused("issue", note.address, stranger, "1")


def test_force__eligible_receiver__moves_and_shows_both_balances(bureau: Bureau, note: Any) -> None:
    giver, taker = bureau.holder(note), bureau.holder()
    output = bureau.done("force", note.address, giver, taker, "25.5", "--reference", "case-17")
    assert f"{giver} CH (756), accredited" in output and "holds 100, then 74.5 NOTE" in output
    assert note.functions.balanceOf(taker).call() == 255 * UNIT // 10
    assert "was sent before" in bureau.refused("force", note.address, giver, taker, "25.5", "--reference", "case-17")


def test_force__receiver_that_rules_refuse__the_reason_in_words(bureau: Bureau, note: Any) -> None:
    giver, nobody = bureau.holder(note), bureau.stranger()
    line = bureau.refused("force", note.address, giver, nobody, "1")
    assert line == (
        f"quantera: force 1 NOTE from {giver} to {nobody}: {nobody} is refused: not registered; "
        "see `quantera compliance check`"
    )


def test_recover__registry_of_several_tokens__registers_the_new_wallet_first(
    bureau: Bureau, note: Any, claim_issuer: ClaimIssuer
) -> None:
    bureau.token("BOND")
    identity, lost = claim_issuer.admit()
    bureau.give(lost, note, amount=9)
    new = bureau.stranger()
    line = bureau.refused("recover", note.address, lost, new)
    assert "the new wallet is no management key of the ONCHAINID" in line
    bureau.manage(identity, new)
    bureau.accounts.append(lost)
    frozen = bureau.done("freeze", note.address, lost)
    assert f"becomes ineligible: {lost}" in frozen
    output = bureau.done("recover", note.address, lost, new)
    assert f"register {new} in CH (756) with ONCHAINID" in output and f"{lost} stays registered" in output
    assert note.functions.isFrozen(new).call(), "a freeze for the token travels"
    assert note.functions.balanceOf(new).call() == 9 * UNIT
    assert "holds no NOTE" in bureau.done("recover", note.address, lost, new)


# -- Whoever runs it


def test_officer__without_the_role__one_line_that_names_it(bureau: Bureau, note: Any) -> None:
    manager = bureau.world.contract("AccessManager").functions
    bureau.world.call(manager.revokeRole(3, SENDER))
    holder = bureau.holder(note)
    for command in (
        ("freeze", note.address, holder),
        ("documents", note.address, holder, "3"),
        ("sanction", holder, "--source", HASH),
        ("register", note.address, holder, "--country", "CH", "--class", "retail", "--until", "2031-01-01"),
    ):
        line = bureau.refused(*command)
        assert f"{SENDER} has not the role COMPLIANCE_OFFICER" in line and "have ADMIN grant it" in line


def test_officer__agent_of_the_token__needs_no_role_for_it(bureau: Bureau, note: Any) -> None:
    world, holder = bureau.world, bureau.holder(note)
    world.call(world.contract("AccessManager").functions.revokeRole(3, SENDER))
    data = note.encode_abi("addAgent", [SENDER])
    world.call(world.contract("TokenFactory").functions.govern(note.address, data))
    bureau.done("freeze", note.address, holder)
    assert note.functions.isFrozen(holder).call()


def test_dry_run__as_somebody_else__opens_no_key_and_gives_the_calldata(bureau: Bureau, note: Any) -> None:
    holder, safe = bureau.holder(note), bureau.world.owner
    (bureau.world.folder / "sender.pass").rename(bureau.world.folder / "gone.pass")
    try:
        shown = json.loads(bureau.dry("freeze", note.address, holder, "--as", safe, "--json"))
    finally:
        (bureau.world.folder / "gone.pass").rename(bureau.world.folder / "sender.pass")
    (call,) = shown["calls"]
    assert call["data"] == note.encode_abi("setAddressFrozen", [holder, True]) and call["to"] == note.address
    assert shown["from"] == safe and shown["state"] == "dry run" and call["role"] == "COMPLIANCE_OFFICER"
    (effect,) = shown["effects"]
    assert (effect["wallet"], effect["holds"], effect["reason"]) == (holder, "100", "wallet frozen")


def test_json__sent__has_the_receipt(bureau: Bureau, note: Any) -> None:
    holder = bureau.holder(note)
    told = json.loads(bureau.run("freeze", note.address, holder, "--json").stdout)
    (receipt,) = told["receipts"]
    mined = bureau.world.w3.eth.get_transaction_receipt(receipt["tx_hash"])
    assert told["state"] == "sent" and (mined["blockNumber"], mined["status"]) == (receipt["block"], 1)


def test_keys_list__config_of_an_officer__shows_its_address(bureau: Bureau) -> None:
    assert invoke("keys", "list", "--config", str(bureau.config)).stdout == f"sender    {SENDER}\n"


def test_cancel__many_pages_of_blocks__finds_what_is_scheduled(bureau: Bureau, note: Any) -> None:
    holder = bureau.holder(note)
    bureau.config.write_text(bureau.config.read_text() + "max_log_range: 7\n")
    bureau.done("sanction", holder, "--source", HASH)
    bureau.done("lift", holder, "--source", HASH)
    assert f"cancel lift of SanctionsList for {holder}" in bureau.done("cancel")


def test_command__no_terminal_and_no_yes__refuses_in_one_line(bureau: Bureau, note: Any) -> None:
    result = bureau.run("freeze", note.address, bureau.holder(note), yes=False)
    assert result.exit_code == 2
    assert result.stderr == (
        "quantera: standard input: is no terminal to ask on; give --yes to send, or --dry-run to look\n"
    )


@pytest.mark.parametrize(("answer", "frozen"), [("y\n", True), ("n\n", False)])
def test_command__on_a_terminal__asks_after_it_has_shown_what_it_would_do(
    bureau: Bureau, note: Any, monkeypatch: pytest.MonkeyPatch, answer: str, frozen: bool
) -> None:
    monkeypatch.setattr("keepers.commands.officers._somebody_answers", lambda: True)
    holder, before = bureau.holder(note), bureau.sent()
    result = bureau.run("freeze", note.address, holder, yes=False, answer=answer)
    assert f"becomes ineligible: {holder}" in result.stdout and "Send it? [y/N]" in result.stderr
    assert result.exit_code == (0 if frozen else 1)
    assert (note.functions.isFrozen(holder).call(), bureau.sent() - before) == (frozen, int(frozen))


def test_sanction__token_with_a_registry_of_its_own__is_told_of_too(
    bureau: Bureau, note: Any, claim_issuer: ClaimIssuer
) -> None:
    own = claim_issuer.issue_with_own_registry()
    token, identity = bureau.newest_token(), claim_issuer.create_identity(KYC_TOPIC, AML_TOPIC)
    shared, other = claim_issuer.register(identity), claim_issuer.register(identity, own)
    bureau.accounts.extend((shared, other))
    output = bureau.done("sanction", shared, "--source", HASH)
    # The other registry does not know whose wallet was listed.
    assert f"note: {other} of the ONCHAINID of {shared} stand in another registry" in output
    assert f"becomes ineligible: {shared}" in output and bureau.reason(token, other) == Reason.NONE


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("freeze", "{note}", "0x12"), "account 0x12: is no address"),
        (("freeze", "{note}", "0x" + "00" * 20), "is address zero"),
        (("freeze", "{note}", "{holder}", "--amount", "1e-30"), "has more digits than the token's 18 decimals"),
        (("freeze", "{note}", "{holder}", "--amount", "ten"), "amount ten: is no number"),
        (("freeze", "{note}", "{holder}", "--amount", "0"), "amount 0: is nothing"),
        (("freeze", "NOPE", "{holder}"), "token NOPE: not in testnet.json; choose from:"),
        (("freeze", "{holder}", "{holder}"), "is no regulated token"),
        (("freeze", "AAA", "{holder}"), "has no open rules"),
        (("register", "{note}", "{holder}", "--country", "ZZ", "--class", "retail", "--until", "2030-01-01"), "ZZ"),
        (("register", "{note}", "{holder}", "--country", "CH", "--class", "retail", "--until", "2018-01-01"), "after"),
        (("register", "{note}", "{stranger}", "--country", "CH", "--identity", "{holder}"), "is no contract"),
        (("documents", "{note}", "{holder}", "passport"), "document passport: is no kind; choose from:"),
        (("documents", "{note}", "{stranger}", "--none"), "is not registered"),
        (("refresh", "{note}", "{holder}"), "has no ONCHAINID"),
        (("sanction", "{holder}", "{holder}", "--source", HASH), "is given more than once"),
        (("sanction", "{holder}", "--source", "0x" + "zz" * 32), "is no hash"),
        (("sanction", "{holder}", "--source", "nowhere.xml"), "No such file"),
        (("venue", "admit", "{note}", "{stranger}"), "is no contract"),
        (("force", "{note}", "{holder}", "{holder}", "1"), "moves nothing"),
        (("force", "{note}", "{holder}", "{stranger}", "100.5"), "holds 100 NOTE; force at most that"),
        (("recover", "{note}", "{holder}", "{stranger}"), "has no ONCHAINID"),
    ],
    ids=lambda value: "-".join(value[:2]) + "-" + value[-1][:8] if isinstance(value, tuple) else "",
)
def test_command__wrong_input__one_line_and_nothing_sent(
    bureau: Bureau, note: Any, arguments: tuple[str, ...], told: str
) -> None:
    known = {"note": note.address, "holder": bureau.holder(note), "stranger": bureau.stranger()}
    line = bureau.refused(*(argument.format(**known) for argument in arguments))
    assert line.startswith("quantera: ") and told in line
