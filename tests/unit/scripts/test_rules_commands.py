"""The commands of compliance officers on a local chain: rulebook, check, verify_log, and those of `quantera`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from keepers.cli import main
from keepers.compliance.plan import issue_steps, token_steps
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.assignment import assign
from keepers.compliance.rulebook.terms import IssuerTerms
from keepers.compliance.rules import InvestorClass, Reason, TokenRule
from keepers.operations.rules import plan
from scripts import check, rulebook, verify_log
from scripts._lib.anvil import advance
from scripts._lib.deployment.chain import Chain
from scripts._lib.deployment.local import UnlockedSender
from scripts._lib.rules.apply import Officer, Outcome
from scripts._lib.transactions import send
from tests.fixtures.forks import APE, run_forked
from tests.fixtures.openings import WORTH, everywhere, opening, rules_everywhere
from tests.fixtures.rule_commands import printing, refused, written
from tests.fixtures.rules import RuledChain, deployed, deployment, node, undone

ROOT = Path(__file__).parents[3]
RULEBOOK = load_rulebook()
EVERYWHERE = everywhere(RULEBOOK)
UNIT = 10**18
DELAY = 1_000
FAR = date(2027, 12, 31)
"""A day on which every regime of the rulebook is in force."""


@pytest.fixture
def office() -> Iterator[RuledChain]:
    """Undoes what a test does on chain."""
    # Before what the test does, so that it is not undone with it.
    market = deployment()
    with undone(node()):
        yield market


@pytest.fixture
def terms_file(tmp_path: Path) -> Path:
    """Terms of NOTE that open every jurisdiction."""
    return written(tmp_path, EVERYWHERE)


@pytest.fixture
def run(office: RuledChain, terms_file: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command whose terms open every jurisdiction; returns what it prints."""
    return printing(office, terms_file, capsys)


@pytest.fixture
def note(office: RuledChain) -> Any:
    token = office.token()
    office.load(token, rules_everywhere(RULEBOOK))
    return token


def test_rulebook__no_mode__says_what_it_holds(run) -> None:
    output = run(rulebook.cli, tokens=(), mode=None)
    assert "756 CH Switzerland: professional-clients and 4 more, medium confidence" in output
    assert f"{len(RULEBOOK.jurisdictions)} jurisdictions" in output
    assert "not legal advice" in output


def test_rulebook__country__shows_its_laws_and_questions(run) -> None:
    output = run(rulebook.cli, tokens=(), mode=None, country="sg")
    assert "question about travel_rule: MAS Notice PSN02" in output and "Switzerland" not in output


def test_rulebook__country_that_is_not_there__is_refused(run) -> None:
    assert "country TV: not in the rulebook; leave it out to see which are" in refused(
        run, rulebook.cli, tokens=(), mode=None, country="TV"
    )


def test_rulebook__diff__says_what_changes_with_the_law_and_changes_nothing(run, office: RuledChain) -> None:
    token = office.token()
    output = run(rulebook.cli, tokens=(token.address,), mode="diff")
    assert "US 840 United States of America" in output
    assert "lockup: - -> 366 days  (reg-d-506c: Rule 144, 17 CFR 230.144, (d)(1)(ii) (checked 2026-11-24))" in output
    assert office.reader(token).rules() == {}


def test_rulebook__diff_after_apply__has_nothing(run, office: RuledChain) -> None:
    token = office.token()
    reader = office.reader(token)
    planned = plan(reader, assign(RULEBOOK, EVERYWHERE, 18), 0, FAR)
    chain = Chain(office.w3, UnlockedSender(office.w3, office.owner), lambda _: None)
    Officer(chain, reader.engine).apply(token.address, planned.steps)
    assert "Nothing to change" in run(rulebook.cli, tokens=(token.address,), mode="diff")


def test_rulebook__symbol_of_the_deployment__is_found(run, note, tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(json.dumps({"tokens": {"NOTE": note.address}}))
    assert note.address in run(rulebook.cli, tokens=("NOTE",), mode="diff", deployment=path)
    assert note.address in run(rulebook.cli, tokens=(), mode="diff", deployment=path)
    assert "token BOND: not in net.json; choose from: NOTE" in refused(
        run, rulebook.cli, tokens=("BOND",), mode="diff", deployment=path
    )


def test_rulebook__apply_without_account__is_refused(run, note) -> None:
    assert "--apply needs --account" in refused(run, rulebook.cli, tokens=(note.address,), mode="apply", account=None)


def test_rulebook__terms_that_lack_a_worth__are_refused(run, note, tmp_path: Path) -> None:
    path = written(tmp_path, EVERYWHERE.model_copy(update={"worth": {}}))
    complaint = refused(run, rulebook.cli, tokens=(note.address,), mode="diff", terms_path=path)
    assert "rules need worth.USD (for US travel_rule, US reporting)" in complaint


def test_rulebook__token_that_the_terms_do_not_name__is_refused_and_changes_nothing(run, note, tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text("tokens: {}\n")
    complaint = refused(run, rulebook.cli, tokens=(note.address,), mode="diff", terms_path=path)
    assert complaint == "token NOTE: terms.yaml does not name it; add its terms, open nowhere if need be"


def test_check__token_that_the_terms_do_not_name__is_judged_all_the_same(run, office, note, tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text("tokens: {}\n")
    bob = office.register(756, InvestorClass.INSTITUTIONAL)
    output = run(check.cli, token=note.address, sender="mint", receiver=bob, amount="1", terms_path=path)
    assert "the issuer's terms do not name this token" in output and output.endswith("Allowed.\n")


# -- The maximum of holders in every country


def test_apply__regime_counts_holders_worldwide__the_token_has_the_maximum(
    run, office: RuledChain, tmp_path: Path
) -> None:
    token = office.token()
    us = opening(RULEBOOK.jurisdictions[840])
    terms = IssuerTerms.model_validate({"instrument": "security", "open": {"US": us}, "worth": WORTH})
    arguments = {"tokens": (token.address,), "terms_path": written(tmp_path, terms)}
    shown = run(rulebook.cli, mode="diff", **arguments)
    assert (
        "every country together" in shown and "tightens max_holders: 1,999  (Securities Exchange Act of 1934" in shown
    )
    assert office.reader(token).token_rule() == TokenRule()
    chain = Chain(office.w3, UnlockedSender(office.w3, office.owner), lambda _: None)
    reader = office.reader(token)
    assert Officer(chain, reader.engine).apply(token.address, token_steps(TokenRule(), 1_999)) == Outcome(1, 0, 0)
    assert office.reader(token).token_rule() == TokenRule(max_holders=1_999)
    assert "every country together" not in run(rulebook.cli, mode="diff", **arguments)


def test_apply__higher_maximum_worldwide__waits_for_the_delay(office: RuledChain) -> None:
    w3 = office.w3
    office = deployed(w3, w3.eth.accounts[1], DELAY)
    token = office.token()
    reader = office.reader(token)
    officer = Officer(Chain(w3, UnlockedSender(w3, office.owner), lambda _: None), reader.engine)
    assert officer.apply(token.address, token_steps(TokenRule(), 99)) == Outcome(sent=1, scheduled=0, waiting=0)
    higher = token_steps(office.reader(token).token_rule(), 1_999)
    assert officer.apply(token.address, higher) == Outcome(sent=0, scheduled=1, waiting=1)
    advance(w3, DELAY)
    assert officer.apply(token.address, higher) == Outcome(sent=1, scheduled=0, waiting=0)
    assert office.reader(token).token_rule().max_holders == 1_999


def test_apply__regime_limits_what_is_sold_in_a_year__the_engine_does(run, office: RuledChain, tmp_path: Path) -> None:
    token = office.token()
    us = opening(RULEBOOK.jurisdictions[840], "reg-a-tier-2")
    terms = IssuerTerms.model_validate({"instrument": "security", "open": {"US": us}, "worth": WORTH})
    arguments = {"tokens": (token.address,), "terms_path": written(tmp_path, terms)}
    assert "tightens period_issuance: - -> 750,000 in any 366 days" in run(rulebook.cli, mode="diff", **arguments)
    reader = office.reader(token)
    limits = {840: assign(RULEBOOK, terms, reader.decimals)[840].issues}
    officer = Officer(Chain(office.w3, UnlockedSender(office.w3, office.owner), lambda _: None), reader.engine)
    assert officer.apply(token.address, issue_steps(reader.issue_rules([840]), limits)) == Outcome(1, 0, 0)
    assert office.reader(token).issue_rules([840]) == limits
    assert "period_issuance" not in run(rulebook.cli, mode="diff", **arguments)


def test_rulebook__cancel_without_account__is_refused(run, note) -> None:
    complaint = refused(run, rulebook.cli, tokens=(note.address,), mode="cancel", account=None)
    assert "--cancel needs --account" in complaint


@pytest.mark.parametrize("command", [rulebook.cli, check.cli, verify_log.cli], ids=["rulebook", "check", "verify_log"])
@pytest.mark.parametrize("token", ["0x12", "NOTE", "0x" + "11" * 20, "market"])
def test_command__token_that_is_none__is_refused_in_a_line(run, office: RuledChain, command: Any, token: str) -> None:
    address = office.contracts["AutomatedComplianceEngine"].address if token == "market" else token
    arguments: dict[str, Any] = {"token": address}
    if command is rulebook.cli:
        arguments = {"tokens": (address,), "mode": "diff"}
    if command is check.cli:
        arguments |= {"sender": "mint", "receiver": "0x" + "22" * 20, "amount": "1"}
    complaint = refused(run, command, **arguments)
    assert any(words in complaint for words in ("is no address", "is not there", "is no regulated token"))


def test_check__allowed__says_so_with_every_source(run, office: RuledChain, note) -> None:
    alice, bob = (office.register(756, InvestorClass.INSTITUTIONAL) for _ in range(2))
    send(office.w3, office.owner, note.functions.mint(alice, 10 * UNIT))
    output = run(check.cli, token=note.address, sender=alice, receiver=bob, amount="2.5")
    assert output.endswith("Allowed.\n")
    assert "Financial Services Act (FinSA, SR 950.1), Article 36(1)(a) (checked 2026-11-24)" in output


def test_check__refused__names_the_rule_the_account_and_the_law(run, office: RuledChain, note) -> None:
    alice, bob = (office.register(840, kind) for kind in (InvestorClass.INSTITUTIONAL, InvestorClass.ACCREDITED))
    send(office.w3, office.owner, note.functions.mint(alice, 10 * UNIT))
    output = run(check.cli, token=note.address, sender=alice, receiver=bob, amount="2.5")
    assert f"Refused, code 17: locked up, {alice}." in output
    assert "NO  sender    lock-up" in output
    assert "Rule 144, 17 CFR 230.144, (d)(1)(ii)" in output


def test_check__more_than_the_balance__is_the_tokens_refusal(run, office: RuledChain, note) -> None:
    alice, bob = (office.register(756, InvestorClass.INSTITUTIONAL) for _ in range(2))
    output = run(check.cli, token=note.address, sender=alice, receiver=bob, amount="1")
    assert f"Refused, code 25: insufficient balance, {alice}." in output
    assert note.functions.detectTransferRestriction(alice, bob, UNIT).call() == Reason.INSUFFICIENT_BALANCE


def test_check__spender_mint_and_burn__are_judged(run, office: RuledChain, note) -> None:
    alice, bob = (office.register(756, InvestorClass.INSTITUTIONAL) for _ in range(2))
    send(office.w3, office.owner, note.functions.mint(alice, UNIT))
    thief = office.w3.eth.accounts[9]
    output = run(check.cli, token=note.address, sender=alice, receiver=bob, amount="1", spender=thief)
    assert f"Refused, code 3: not registered, {thief}." in output
    assert "Allowed." in run(check.cli, token=note.address, sender="mint", receiver=bob, amount="1")
    assert "Allowed." in run(check.cli, token=note.address, sender=alice, receiver="burn", amount="1")


def test_check__rule_that_an_officer_set__says_that_it_is_not_the_rulebooks(run, office: RuledChain, note) -> None:
    engine = office.contracts["AutomatedComplianceEngine"]
    send(office.w3, office.owner, engine.functions.blockCountries(note.address, [756]))
    bob = office.register(756, InvestorClass.INSTITUTIONAL)
    output = run(check.cli, token=note.address, sender="mint", receiver=bob, amount="1")
    assert f"Refused, code 5: country not allowed, {bob}." in output
    assert "the compliance officer set it" in output


@pytest.mark.parametrize(
    ("changes_", "complaint"),
    [
        ({"sender": "alice"}, "from alice: is no address"),
        ({"receiver": "0x12"}, "to 0x12: is no address"),
        ({"sender": "mint", "receiver": "burn"}, "nothing moves"),
        ({"spender": "0x12"}, "spender 0x12: is no address"),
        ({"receiver": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92267"}, "fails its checksum"),
        ({"amount": "ten"}, "amount ten: is no number"),
        ({"amount": "-1"}, "is not between 0"),
        ({"amount": "nan"}, "is not between 0"),
        ({"amount": "1e80"}, "is not between 0"),
        ({"amount": "0.0000000000000000001"}, "more digits than the token's 18 decimals"),
    ],
)
def test_check__bad_argument__is_refused_in_a_line(run, note, changes_: dict[str, str], complaint: str) -> None:
    good = {"sender": "mint", "receiver": "0x" + "22" * 20, "amount": "1"}
    assert complaint in refused(run, check.cli, token=note.address, **{**good, **changes_})


@pytest.fixture
def logged(office: RuledChain, note: Any) -> Any:
    """A token with two crossings in one transaction and a refusal in its log."""
    alice = office.register(840, InvestorClass.INSTITUTIONAL)
    send(office.w3, office.owner, note.functions.mint(alice, 50 * UNIT))
    w3 = office.w3
    for method in ("anvil_impersonateAccount", "anvil_setBalance"):
        w3.provider.make_request(method, [alice, hex(UNIT)] if method.endswith("Balance") else [alice])
    send(w3, alice, note.functions.tryTransfer(w3.eth.accounts[9], UNIT))
    return note


def test_verify_log__untouched__is_proven(run, logged: Any) -> None:
    output = run(verify_log.cli, token=logged.address, report=None, write=None, from_block=0)
    assert "the log is complete and unaltered: 1 refusal, 1 reporting, 1 travel rule." in output


def test_verify_log__nothing_logged__is_proven(run, note: Any) -> None:
    assert "no entries" in run(verify_log.cli, token=note.address, report=None, write=None, from_block=0)


def test_verify_log__report_written_and_filed__is_proven_until_a_word_changes(run, logged: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    run(verify_log.cli, token=logged.address, report=None, write=path, from_block=0)
    assert "the report.jsonl is complete" in run(
        verify_log.cli, token=logged.address, report=path, write=None, from_block=0
    )
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-1]))
    arguments = {"token": logged.address, "report": path, "write": None, "from_block": 0}
    assert "entry 2: is missing: the chain has 3 entries" in refused(run, verify_log.cli, **arguments)
    path.write_text("\n".join(lines).replace(str(50 * UNIT), str(UNIT)))
    assert "entry 0: does not give the running hash" in refused(run, verify_log.cli, **arguments)


def test_verify_log__events_from_too_late_a_block__is_not_proven(run, office: RuledChain, logged: Any) -> None:
    late = office.w3.eth.block_number
    complaint = refused(run, verify_log.cli, token=logged.address, report=None, write=None, from_block=late)
    assert "entry 0: is missing" in complaint


def test_verify_log__files_that_cannot_be__are_refused(run, logged: Any, tmp_path: Path) -> None:
    given = {"token": logged.address, "from_block": 0}
    assert "cannot be read" in refused(run, verify_log.cli, report=tmp_path / "none", write=None, **given)
    assert "cannot be written" in refused(run, verify_log.cli, report=None, write=tmp_path / "no/report", **given)
    assert "give one of them" in refused(run, verify_log.cli, report=tmp_path, write=tmp_path, **given)


# -- `quantera compliance`, without Ape


def quantera(office: RuledChain, *arguments: str) -> Any:
    node_options = ["--rpc", str(office.w3.provider.endpoint_uri), "--chain-id", "31337"]
    wanted = node_options if arguments[0] != "rulebook" else []
    return CliRunner(mix_stderr=False).invoke(main, ["compliance", *arguments, *wanted])


def test_quantera_rulebook__country__is_shown_without_a_node(office: RuledChain) -> None:
    result = quantera(office, "rulebook", "SG")
    assert result.exit_code == 0 and "question about travel_rule: MAS Notice PSN02" in result.stdout


def test_quantera_diff__holder_of_a_class_that_leaves__is_listed_before_anything_is_sent(
    office: RuledChain, note: Any, tmp_path: Path
) -> None:
    alice, hans = (office.register(code, InvestorClass.ACCREDITED) for code in (756, 276))
    for holder in (alice, hans):
        send(office.w3, office.owner, note.functions.mint(holder, 10 * UNIT))
    send(office.w3, office.owner, note.functions.burn(hans, 10 * UNIT))
    terms = IssuerTerms.model_validate({"instrument": "security", "open": {"FR": {}}, "worth": WORTH})
    result = quantera(office, "diff", note.address, "--terms", str(written(tmp_path, terms)))
    assert result.exit_code == 0, result.stderr
    assert f"becomes ineligible: holder    {alice}  CH (756), accredited; country not allowed" in result.stdout
    assert hans not in result.stdout


def test_quantera_check__refused__says_it_as_ape_does(run, office: RuledChain, note: Any, terms_file: Path) -> None:
    bob = office.register(756, InvestorClass.RETAIL)
    said = quantera(office, "check", note.address, "mint", bob, "1", "--terms", str(terms_file))
    assert said.exit_code == 0, said.stderr
    assert said.stdout == run(check.cli, token=note.address, sender="mint", receiver=bob, amount="1")
    assert said.stdout.endswith(f"Refused, code 6: class not allowed, {bob}.\n")


def test_quantera_check__no_address__is_refused_in_a_line(office: RuledChain, note: Any) -> None:
    said = quantera(office, "check", note.address, "alice", "burn", "1")
    assert (said.exit_code, said.stdout) == (1, "")
    assert said.stderr == "quantera: from alice: is no address; give 0x and 40 hexadecimal digits\n"


# -- Through Ape


def ape_run(office: RuledChain, *arguments: str) -> tuple[int, str]:
    network = f"ethereum:local:{office.w3.provider.endpoint_uri}"
    command = [APE, "run", arguments[0], "--network", network, *arguments[1:]]
    done = run_forked(command, cwd=ROOT)
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


def test_ape_run_rulebook__on_a_running_node__applies_the_rules(office: RuledChain, terms_file: Path) -> None:
    arguments = ("--apply", "--account", "TEST::0", "--terms", str(terms_file))
    code, output = ape_run(office, "rulebook", office.token().address, *arguments)
    assert code == 0, output
    assert "transactions set rules, 0 scheduled, 0 wait." in output


def test_ape_run_check__on_a_running_node__explains_a_refusal(office: RuledChain, note: Any) -> None:
    holder = office.register(756, InvestorClass.RETAIL)
    code, output = ape_run(office, "check", note.address, "mint", holder, "1")
    assert code == 0 and f"Refused, code 6: class not allowed, {holder}." in output


def test_ape_run_verify_log__no_address__refused_in_a_line(office: RuledChain) -> None:
    code, output = ape_run(office, "verify_log", "0x12")
    assert code != 0 and "token 0x12: is no address" in output
