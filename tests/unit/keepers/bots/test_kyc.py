"""The kyc bot: a check is begun once, the provider's answer decides, claims come on chain once and are renewed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from eth_abi import decode

from keepers.bots.kyc_webhooks import hearing
from keepers.compliance.kyc import verification as pure
from keepers.store import verifications as stored
from keepers.store.tables import webhooks
from tests.fixtures.compliance import AML_TOPIC, CLAIM_SIGNER, KYC_TOPIC
from tests.fixtures.identity_providers import signed
from tests.fixtures.kyc_office import ADA, BEA, JAN, PASSPORT, KycOffice, kyc_office
from tests.fixtures.node import SENDER, World
from tests.fixtures.services import Answer
from tests.unit.keepers.bots.harness import Running, later, started

DAY = 86_400


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Seconds by which the machine's clock is ahead."""
    ahead, real = [0.0], time.time
    monkeypatch.setattr("time.time", lambda: real() + ahead[0])
    yield ahead


@pytest.fixture
def office(world: World) -> Iterator[KycOffice]:
    with kyc_office(world) as found:
        yield found


def pass_on(office: KycOffice, clock: list[float], seconds: float, bot: Running, steps: int = 3) -> None:
    """Lets time pass, on this machine and at the providers, and has the bot look."""
    clock[0] += seconds
    office.synchronise()
    later(office.world, 12)
    bot.step(steps)


def run_of(office: KycOffice) -> str:
    (run,) = office.onfido.runs
    return run


def execution_of(office: KycOffice) -> str:
    (execution,) = office.jumio.executions
    return execution


def claim_on(identity: Any, office: KycOffice, topic: int) -> tuple[Any, ...]:
    from keepers.compliance.kyc.claims import claim_id

    found = identity.functions.getClaim(claim_id(office.issuer.issuer.address, topic)).call()
    return tuple(found)


def waiting(bot: Running) -> int:
    """Number of webhooks that wait."""
    with bot.services.store.reading() as connection:
        query = sa.select(sa.func.count()).where(webhooks.c.state == stored.NEW)
        return int(connection.execute(query).scalar_one())


def sent(office: KycOffice) -> int:
    return int(office.world.w3.eth.get_transaction_count(SENDER))  # type: ignore[arg-type]


def test_kyc_bot__from_the_request_to_the_registry__once_each(office: KycOffice, clock: list[float]) -> None:
    (identity,) = office.enrol(JAN)
    wallet = office.issuer.register(identity)
    config = office.config()
    before = sent(office)
    with started("kyc", config) as bot:
        bot.step()
        (number,) = office.ask("P-1")
        bot.step()
        assert office.state(number) == "pending"
        assert office.told("show", str(number))["link"].startswith("https://eu.onfido.app/l/")
        office.onfido.finish(run_of(office), "approved")
        pass_on(office, clock, 60, bot, 6)
        pass_on(office, clock, 1, bot, 6)
        assert office.state(number) == "claimed", bot.output.getvalue()
        told = office.told("show", str(number))
        for topic in (KYC_TOPIC, AML_TOPIC):
            _, _, _, signature, data, uri = claim_on(identity, office, topic)
            expires, evidence = decode(["uint256", "bytes32"], data)
            assert (expires, evidence.hex(), uri) == (told["expires"], told["evidence"], "")
            assert office.issuer.issuer.functions.isClaimValid(identity.address, topic, signature, data).call()
        assert office.issuer.verified(wallet), "the registry counts the claims without anybody's doing"
        assert sent(office) - before == 3 and len(office.onfido.applicants) == 1
        bot.step(4)
        assert sent(office) - before == 3


def test_kyc_bot__result__is_evidence_and_nowhere_else(office: KycOffice, clock: list[float]) -> None:
    office.enrol(JAN)
    with started("kyc", office.config()) as bot:
        (number,) = office.ask("P-1", level="jumio")
        bot.step()
        office.jumio.finish(execution_of(office), "PASSED", **PASSPORT)
        pass_on(office, clock, 60, bot)
        address = office.told("show", str(number))["evidence"]
        from keepers.operations.evidence import EvidenceFolder
        from tests.fixtures.kyc_office import SECRET

        folder = EvidenceFolder.open(office.folder / "evidence", lambda _: SECRET)
        header, content = folder.get("P-1", address)
        assert header.kind == "kyc-result" and json.loads(content)["decision"]["type"] == "PASSED"
        assert b"KOWALSKI" in content and "KOWALSKI" not in bot.output.getvalue()
        assert "Kowalski" not in json.dumps(office.jumio.executions[execution_of(office)]["asked"])


@pytest.mark.parametrize(
    ("finish", "state", "words"),
    [
        (("REJECTED", {}), "declined", "jumio says REJECTED"),
        (("WARNING", {}), "review", "two officers decide: jumio says WARNING"),
        (("NOT_EXECUTED", {"label": "TOKEN_EXPIRED"}), "expired", "nobody finished it: jumio says TOKEN_EXPIRED"),
        (("PASSED", {"lastName": "NOWAK"}), "review", "the document is not of the person in the register"),
        (("PASSED", {"expiryDate": "2020-01-01"}), "review", "the document has lapsed"),
    ],
)
def test_kyc_bot__another_end__has_a_state_a_line_and_no_claim(
    office: KycOffice, clock: list[float], finish: tuple[str, dict[str, str]], state: str, words: str
) -> None:
    (identity,) = office.enrol(JAN)
    with started("kyc", office.config()) as bot:
        (number,) = office.ask("P-1", level="jumio")
        bot.step()
        decision, changes = finish
        office.jumio.finish(execution_of(office), decision, **{**PASSPORT, **changes})
        pass_on(office, clock, 60, bot, 6)
        assert office.state(number) == state and words in office.reason(number)
        assert claim_on(identity, office, KYC_TOPIC)[0] == 0 and "NOWAK" not in bot.output.getvalue()


def test_kyc_bot__two_officers_accept__claims_follow(office: KycOffice, clock: list[float]) -> None:
    (identity,) = office.enrol(JAN)
    with started("kyc", office.config()) as bot:
        (number,) = office.ask("P-1", level="jumio")
        bot.step()
        office.jumio.finish(execution_of(office), "WARNING", **PASSPORT)
        pass_on(office, clock, 60, bot)
        given = ("decide", str(number), "accept", "--reason", "married name", "--by", ADA, "--approved-by")
        assert "was asked for by the same officer" in office.run(*given, ADA).stderr
        assert office.run(*given, BEA, "--dry-run").exit_code == 0 and office.state(number) == "review"
        assert office.run(*given, BEA).exit_code == 0
        pass_on(office, clock, 1, bot, 6)
        assert claim_on(identity, office, KYC_TOPIC)[0] == KYC_TOPIC


def test_kyc_bot__provider_down__work_waits_and_nothing_is_lost(office: KycOffice, clock: list[float]) -> None:
    office.enrol(JAN, {**JAN, "person": "P-2", "name": "Anna Berg"})
    with started("kyc", office.config()) as bot:
        office.onfido.down = True
        first, second = office.ask("P-1", "P-2")
        bot.step(6)
        asked = len(office.onfido.requests)
        assert asked == 1, "one request tells that it is down, for everybody"
        assert office.state(first) == "starting" and "answered 503" in office.reason(first)
        assert '"event": "provider down"' in bot.output.getvalue() and office.state(second) == "asked"
        office.onfido.down = False
        pass_on(office, clock, pure.START_SECONDS + 60, bot, 6)
        assert [office.state(one) for one in (first, second)] == ["pending", "pending"]
        assert len(office.onfido.runs) == 2


def test_kyc_bot__rate_limit__waits_as_long_as_the_provider_says(office: KycOffice, clock: list[float]) -> None:
    office.enrol(JAN)
    with started("kyc", office.config()) as bot:
        (number,) = office.ask("P-1")
        bot.step()
        office.onfido.faults = [Answer(429, {"error": {"type": "rate_limit"}}, {"retry-after": "500"})]
        pass_on(office, clock, 60, bot)
        assert "429 (rate_limit): too many requests" in office.reason(number)
        asked = len(office.onfido.requests)
        pass_on(office, clock, 400, bot)
        assert len(office.onfido.requests) == asked
        pass_on(office, clock, 110, bot)
        assert len(office.onfido.requests) > asked and "waits for the person" in office.reason(number)


def test_kyc_bot__answer_lost__finds_the_run_and_begins_no_other(office: KycOffice, clock: list[float]) -> None:
    office.enrol(JAN)
    with started("kyc", office.config()) as bot:
        office.onfido.lost = True
        (number,) = office.ask("P-1")
        bot.step()
        assert office.state(number) == "starting"
        office.onfido.lost = False
        pass_on(office, clock, pure.START_SECONDS + 60, bot)
        assert office.state(number) == "pending" and len(office.onfido.runs) == 1
        assert office.told("show", str(number))["check"] == run_of(office)


def test_kyc_bot__unknown_workflow__is_failed_with_a_line(office: KycOffice) -> None:
    office.enrol(JAN)
    config = office.config()
    text = config.read_text()
    config.write_text(text.replace("5d8f3a0e", "00000000"))
    with started("kyc", config) as bot:
        (number,) = office.ask("P-1")
        bot.step()
        assert office.state(number) == "failed"
        assert "422 (validation_error: workflow_id)" in office.reason(number)


def test_kyc_bot__providers_clock_ahead__waits_for_the_clock(office: KycOffice, clock: list[float]) -> None:
    office.enrol(JAN)
    with started("kyc", office.config()) as bot:
        (number,) = office.ask("P-1")
        bot.step()
        office.onfido.now = time.time() + 4000
        office.onfido.finish(run_of(office), "approved")
        clock[0] += 60
        bot.step()
        assert office.state(number) == "pending" and "correct this machine's clock" in office.reason(number)
        clock[0] += 4000
        bot.step(6)
        assert office.state(number) in ("approved", "signed", "claimed")


def test_kyc_bot__person_leaves_the_register__waits_and_goes_on(office: KycOffice, clock: list[float]) -> None:
    office.enrol(JAN, {**JAN, "person": "P-2"})
    with started("kyc", office.config()) as bot:
        (number,) = office.ask("P-1")
        register = office.folder / "people.jsonl"
        text = register.read_text()
        register.write_text(text.splitlines()[1] + "\n")
        bot.step()
        assert office.state(number) == "asked" and "person P-1: is not in people.jsonl" in office.reason(number)
        register.write_text(text)
        pass_on(office, clock, 60, bot)
        assert office.state(number) == "pending"


def test_kyc_bot__bot_may_not_add_claims__holder_gets_the_calls_and_it_counts(
    office: KycOffice, clock: list[float]
) -> None:
    (identity,) = office.enrol(JAN, added_by_bot=False)
    with started("kyc", office.config()) as bot:
        (number,) = office.ask("P-1")
        bot.step()
        office.onfido.finish(run_of(office), "approved")
        before = sent(office)
        pass_on(office, clock, 60, bot, 6)
        assert office.state(number) == "signed" and sent(office) == before
        assert f"the holder has to add the claims: quantera compliance kyc claims {number}" in office.reason(number)
        for call in office.told("claims", str(number)):
            assert call["to"] == identity.address
            office.world.w3.eth.send_transaction(
                {"from": office.world.owner, "to": call["to"], "data": call["calldata"]}  # type: ignore[typeddict-item]
            )
        pass_on(office, clock, 600, bot, 6)
        assert office.state(number) == "claimed" and sent(office) == before


def test_kyc_bot__issuer_does_not_know_the_key__waits_with_the_remedy(office: KycOffice, clock: list[float]) -> None:
    office.enrol(JAN)
    from tests.fixtures.compliance import signer_key

    office.world.call(office.issuer.issuer.functions.removeKey(signer_key(), 3))
    with started("kyc", office.config()) as bot:
        (number,) = office.ask("P-1")
        bot.step()
        office.onfido.finish(run_of(office), "approved")
        pass_on(office, clock, 60, bot, 6)
        assert office.state(number) == "approved"
        assert "as a key that signs claims; have its management key call addKey" in office.reason(number)
        office.world.call(office.issuer.issuer.functions.addKey(signer_key(), 3, 1))
        pass_on(office, clock, 60, bot, 6)
        assert office.state(number) in ("signed", "claimed")


def test_kyc_bot__claims_about_to_lapse__are_renewed_once_before_they_do(office: KycOffice, clock: list[float]) -> None:
    (identity,) = office.enrol(JAN)
    with started("kyc", office.config()) as bot:
        (number,) = office.ask("P-1")
        bot.step()
        office.onfido.finish(run_of(office), "approved")
        pass_on(office, clock, 60, bot, 6)
        pass_on(office, clock, 1, bot, 6)
        first = office.told("show", str(number))
        assert first["state"] == "claimed" and office.told("lapses", "--days", "366")[0]["id"] == number
        pass_on(office, clock, 334 * DAY, bot)
        assert len(office.told("list")) == 1
        pass_on(office, clock, 2 * DAY, bot, 6)
        renewed = office.told("list")[-1]
        assert (renewed["follows"], renewed["state"], renewed["asked_by"]) == (number, "pending", "desk")
        new = next(run for run in office.onfido.runs if run != first["check"])
        office.onfido.finish(new, "approved")
        pass_on(office, clock, 60, bot, 6)
        pass_on(office, clock, 1, bot, 6)
        assert [one["state"] for one in office.told("list", "--all")] == ["replaced", "claimed"]
        expires = decode(["uint256", "bytes32"], claim_on(identity, office, KYC_TOPIC)[4])[0]
        assert expires > first["expires"] and '"event": "claims lapse"' not in bot.output.getvalue()


def test_kyc_bot__renewal_is_declined__warns_until_the_claims_have_lapsed(
    office: KycOffice, clock: list[float]
) -> None:
    office.enrol(JAN)
    with started("kyc", office.config()) as bot:
        office.ask("P-1")
        bot.step()
        office.onfido.finish(run_of(office), "approved")
        pass_on(office, clock, 60, bot, 6)
        pass_on(office, clock, 1, bot, 6)
        pass_on(office, clock, 336 * DAY, bot, 6)
        new = list(office.onfido.runs)[-1]
        office.onfido.finish(new, "declined")
        pass_on(office, clock, 60, bot, 6)
        pass_on(office, clock, 23 * DAY, bot)
        assert '"event": "claims lapse"' in bot.output.getvalue()
        assert office.run("lapses", "--days", "10", "--check").exit_code == 1
        pass_on(office, clock, 7 * DAY, bot)
        assert [one["state"] for one in office.told("list", "--all")] == ["lapsed", "declined"]
        assert len(office.onfido.runs) == 2


def test_webhooks__forged_repeated_delayed_and_real__ask_the_provider_once_each(
    office: KycOffice, clock: list[float]
) -> None:
    office.enrol(JAN)
    with started("kyc", office.config()) as bot, hearing(bot.services) as port:
        (number,) = office.ask("P-1")
        bot.step()
        run = run_of(office)
        place = f"http://127.0.0.1:{port}/onfido"
        body, signature = office.onfido.webhook(run)
        forged = body.replace(b"awaiting_input", b"approved")
        headers = {"X-SHA2-Signature": signature}
        assert requests.post(place, data=forged, headers=headers).status_code == 401
        assert requests.post(place, data=body).status_code == 401
        assert requests.post(place + "/x", data=body, headers=headers).status_code == 404
        asked = len(office.onfido.requests)
        bot.step()
        assert len(office.onfido.requests) == asked, "a forged webhook has nobody asked"
        lie = json.loads(body)
        lie["payload"]["object"]["status"] = "approved"
        lied = json.dumps(lie).encode()
        for _ in range(3):
            assert requests.post(place, data=lied, headers={"X-SHA2-Signature": signed(lied)}).status_code == 200
        bot.step()
        assert len(office.onfido.requests) == asked + 1 and office.state(number) == "pending"
        office.onfido.finish(run, "approved")
        real, signature = office.onfido.webhook(run)
        assert requests.post(place, data=real, headers={"X-SHA2-Signature": signature}).status_code == 200
        bot.step(6)
        assert office.state(number) in ("signed", "claimed"), "without any time passing"
        assert requests.post(place, data=real, headers={"X-SHA2-Signature": signature}).status_code == 200
        bot.step()
        kinds = [event["kind"] for event in office.told("show", str(number))["events"]]
        assert kinds.count("webhook") == 2 and kinds.count("sign") == 1
        assert bot.output.getvalue().count('"webhook refused"') == 2


def test_webhooks__callback_of_jumio__is_believed_by_its_address(office: KycOffice, clock: list[float]) -> None:
    office.enrol(JAN)
    with started("kyc", office.config()) as bot, hearing(bot.services) as port:
        (number,) = office.ask("P-1", level="jumio")
        bot.step()
        execution = execution_of(office)
        office.jumio.finish(execution, "PASSED", **PASSPORT)
        path, body = office.jumio.callback(execution)
        forged = path[:-1] + ("1" if path.endswith("0") else "0")
        assert requests.post(f"http://127.0.0.1:{port}{forged}", data=body).status_code == 401
        assert requests.post(f"http://127.0.0.1:{port}{path}", data=body).status_code == 200
        bot.step(6)
        assert office.state(number) in ("signed", "claimed")


def test_webhooks__before_the_check_is_written_down__waits_for_it(office: KycOffice, clock: list[float]) -> None:
    office.enrol(JAN)
    with started("kyc", office.config()) as bot, hearing(bot.services) as port:
        office.onfido.lost = True
        (number,) = office.ask("P-1")
        bot.step()
        office.onfido.lost = False
        office.onfido.finish(run_of(office), "approved")
        body, signature = office.onfido.webhook(run_of(office))
        place, headers = f"http://127.0.0.1:{port}/onfido", {"X-SHA2-Signature": signature}
        assert requests.post(place, data=body, headers=headers).status_code == 200
        bot.step()
        assert waiting(bot) == 1
        pass_on(office, clock, pure.START_SECONDS + 60, bot, 6)
        assert office.state(number) in ("signed", "claimed") and waiting(bot) == 0


def test_webhooks__about_nothing_of_ours__are_put_aside_after_an_hour(office: KycOffice, clock: list[float]) -> None:
    office.enrol(JAN)
    with started("kyc", office.config()) as bot, hearing(bot.services) as port:
        body, signature = office.onfido.webhook("somebody-elses")
        place, headers = f"http://127.0.0.1:{port}/onfido", {"X-SHA2-Signature": signature}
        assert requests.post(place, data=body, headers=headers).status_code == 200
        pass_on(office, clock, 3500, bot)
        assert waiting(bot) == 1
        pass_on(office, clock, 500, bot)
        assert waiting(bot) == 0


def test_kyc_bot__answer_that_breaks_a_reader__keeps_nobody_else_out(
    office: KycOffice, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    office.enrol(JAN, {**JAN, "person": "P-2", "name": "Anna Berg"})
    with started("kyc", office.config()) as bot:
        first, second = office.ask("P-1", "P-2")
        bot.step()
        original = pure.judge

        def broken(before: Any, *rest: Any) -> Any:
            if before.person == "P-1":
                raise KeyError("Jan Kowalski")
            return original(before, *rest)

        monkeypatch.setattr(pure, "judge", broken)
        for run in office.onfido.runs:
            office.onfido.finish(run, "approved")
        pass_on(office, clock, 60, bot, 6)
        assert "could not be processed (KeyError); report it" in office.reason(first)
        assert office.state(second) in ("signed", "claimed")
        assert '"event": "stuck"' in bot.output.getvalue() and "Kowalski" not in bot.output.getvalue()


def test_run_kyc__dry_run__asks_no_provider_and_writes_nothing(office: KycOffice) -> None:
    from tests.unit.keepers.cli.test_cli import invoke

    office.enrol(JAN)
    config = office.config()
    (number,) = office.ask("P-1")
    result = invoke("run", "kyc", "--dry-run", "--config", str(config))
    assert result.exit_code == 0, result.output
    assert '"would look at"' in result.stdout and office.onfido.requests == [] and office.state(number) == "asked"


def test_run_kyc__once__begins_the_check_and_ends(office: KycOffice) -> None:
    from tests.unit.keepers.cli.test_cli import invoke

    office.enrol(JAN)
    config = office.config()
    (number,) = office.ask("P-1")
    result = invoke("run", "kyc", "--once", "--config", str(config))
    assert result.exit_code == 0, result.output
    assert office.state(number) == "pending"


def test_kyc_bot__block_taken_back__adds_the_claims_again(office: KycOffice, clock: list[float]) -> None:
    (identity,) = office.enrol(JAN)
    world = office.world
    with started("kyc", office.config(more={"finality_blocks": 64})) as bot:
        (number,) = office.ask("P-1")
        bot.step()
        office.onfido.finish(run_of(office), "approved")
        snapshot = world.w3.provider.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
        clock[0] += 60
        bot.step(4)
        assert claim_on(identity, office, KYC_TOPIC)[0] == KYC_TOPIC and office.state(number) == "signed"
        world.w3.provider.make_request("evm_revert", [snapshot])  # type: ignore[arg-type]
        assert claim_on(identity, office, KYC_TOPIC)[0] == 0
        later(world, 3)
        bot.step(6)
        assert claim_on(identity, office, KYC_TOPIC)[0] == KYC_TOPIC and "reorganisation" in bot.output.getvalue()


def test_doctor__identity_checks__are_examined_with_their_remedies(office: KycOffice) -> None:
    from tests.fixtures.compliance import signer_key
    from tests.unit.keepers.cli.test_cli import invoke

    office.enrol(JAN)
    config = office.config()
    examined = invoke("doctor", "--config", str(config)).output
    for line in ("level onfido: onfido, 2 topics", "level jumio: jumio, 2 topics", "register of people: 1 persons"):
        assert line in examined, examined
    assert f"claim issuer: {CLAIM_SIGNER.address}" in examined
    office.world.call(office.issuer.issuer.functions.removeKey(signer_key(), 3))
    office.world.call(office.issuer.registry.functions.removeTrustedIssuer(office.issuer.issuer.address))
    examined = invoke("doctor", "--config", str(office.config(webhooks=None))).output
    assert "does not believe" in examined and "webhooks are not taken" in examined
    assert "as a key that signs claims; have its management key call addKey with purpose 3" in examined
