"""States of a verification, and what follows from each answer of a provider."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from keepers.compliance.kyc import verification as pure
from keepers.compliance.kyc.checks import DocumentHolder, Outcome, StartedCheck
from keepers.compliance.kyc.errors import KycError
from keepers.compliance.kyc.settings import Level, WantedTopic
from keepers.compliance.kyc.verification import (
    MOVES,
    OPEN,
    Judgement,
    VerificationMove,
    VerificationState,
    accept,
    begin,
    judge,
    renews,
    resolved,
    step,
    wait,
)
from tests.unit.keepers.compliance.kyc.checks_of import DAY, LEVEL, NOW, PERSON, result, verification

State, Move = VerificationState, VerificationMove


def judged(outcome: Outcome = Outcome.APPROVED, state: State = State.PENDING, **changes: Any) -> Judgement:
    return judge(verification(state), result(outcome, **changes), LEVEL, [PERSON], NOW)


@pytest.mark.parametrize(("state", "move"), product(State, Move))
def test_step__every_pair__follows_the_table_or_is_refused(state: State, move: Move) -> None:
    before = verification(state)
    if (state, move) in MOVES:
        after = step(before, move, "why")
        assert (after.state, after.reason, after.moves) == (MOVES[state, move], "why", before.moves + 1)
    else:
        with pytest.raises(KycError, match=f"verification 7: is {state.value}: no {move.value} follows"):
            step(before, move, "why")


def test_moves__of_the_table__leave_every_open_state_and_no_closed_one_but_claimed() -> None:
    left = {state for state, _ in MOVES}
    assert left == {*OPEN, State.CLAIMED}
    reached = {State.ASKED, *MOVES.values()}
    assert reached == set(State)


def test_judge__passed_by_the_person__approves_until_the_level_says() -> None:
    found = judged()
    assert found.move is Move.APPROVE and found.expires == NOW - 60 + 365 * DAY


def test_judge__document_lapses_first__bounds_the_claims() -> None:
    assert judged(document_expires=NOW + 30 * DAY).expires == NOW + 30 * DAY
    unbound = Level(**{**LEVEL.model_dump(), "document_bounds": False})
    found = judge(verification(), result(document_expires=NOW + 30 * DAY), unbound, [PERSON], NOW)
    assert found.expires == NOW - 60 + 365 * DAY


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"holder": DocumentHolder("Piotr Nowak", "1970-05-06")}, "not of the person in the register"),
        ({"holder": DocumentHolder("Jan Kowalski", "1971-05-06")}, "not of the person in the register"),
        ({"holder": DocumentHolder("", "")}, "not of the person in the register"),
        ({"passed": frozenset({"similarity"})}, "liveness was not passed"),
        ({"document_expires": NOW - 1}, "the document has lapsed"),
    ],
)
def test_judge__passed_with_a_doubt__is_for_two_officers(changes: dict[str, Any], reason: str) -> None:
    found = judged(**changes)
    assert found.move is Move.REVIEW and reason in found.reason
    assert not {"Jan", "Kowalski", "Piotr", "Nowak", "1970", "1971"} & set(found.reason.replace(";", " ").split())


@pytest.mark.parametrize(
    ("outcome", "move"),
    [
        (Outcome.DECLINED, Move.DECLINE),
        (Outcome.REVIEW, Move.REVIEW),
        (Outcome.EXPIRED, Move.EXPIRE),
        (Outcome.FAILED, Move.FAIL),
        (Outcome.PENDING, None),
    ],
)
def test_judge__another_outcome__has_its_state_and_a_line(outcome: Outcome, move: Move | None) -> None:
    found = judged(outcome, label="WORD")
    assert found.move is move and "jumio says WORD" in found.reason


@pytest.mark.parametrize("outcome", [Outcome.APPROVED, Outcome.DECLINED, Outcome.REVIEW])
def test_judge__answer_from_the_future__waits_for_a_clock(outcome: Outcome) -> None:
    assert judged(outcome, completed=NOW + pure.SKEW).move is not None
    found = judged(outcome, completed=NOW + pure.SKEW + 1)
    assert found.move is None and "correct this machine's clock" in found.reason


def test_judge__answer_from_before_the_request__is_for_two_officers() -> None:
    asked = verification().asked
    assert judged(completed=asked - pure.SKEW).move is Move.APPROVE
    found = judged(completed=asked - pure.SKEW - 1)
    assert found.move is Move.REVIEW and "it was finished before it was asked for" in found.reason


@pytest.mark.parametrize("outcome", [Outcome.APPROVED, Outcome.DECLINED, Outcome.REVIEW])
def test_judge__answer_without_a_moment__is_failed(outcome: Outcome) -> None:
    found = judged(outcome, completed=0)
    assert found.move is Move.FAIL and "not when it finished" in found.reason


@pytest.mark.parametrize("move", [Move.APPROVE, Move.REVIEW, Move.DECLINE, Move.WITHDRAW])
def test_step__provider_waits_for_the_person_no_more__forgets_the_link(move: Move) -> None:
    assert step(verification(link="https://x"), move, "why").link == ""


def test_judge__link_lapsed_and_provider_never_says_so__expires() -> None:
    before = verification(expires=NOW - DAY)
    assert judge(before, result(Outcome.PENDING), LEVEL, [PERSON], NOW).move is None
    assert judge(before, result(Outcome.PENDING), LEVEL, [PERSON], NOW + 1).move is Move.EXPIRE


def test_wait__tries_in_a_row__rest_longer_up_to_an_hour_and_never_end() -> None:
    one, rests = verification(), []
    for _ in range(20):
        one = wait(one, "down", NOW)
        rests.append(one.next_try - NOW - 1)
    assert rests[:4] == [15, 30, 60, 120] and rests[-1] == pure.LONGEST_REST
    assert one.state is State.PENDING


@pytest.mark.parametrize(("asked", "rest"), [(0.0, 1), (7.5, 7), (86_400.0, pure.LONGEST_REST)])
def test_wait__provider_says_how_long__is_believed_within_bounds(asked: float, rest: int) -> None:
    assert wait(verification(), "429", NOW, asked).next_try == NOW + rest + 1


def test_begin__interrupted__stays_out_of_others_reach_and_keeps_its_state() -> None:
    first = begin(verification(State.ASKED), NOW)
    again = begin(first, NOW + 200)
    assert (first.state, first.next_try) == (State.STARTING, NOW + pure.START_SECONDS)
    assert (again.state, again.moves, again.next_try) == (State.STARTING, 2, NOW + 200 + pure.START_SECONDS)


def test_accept__provider_began__is_looked_at_without_a_webhook() -> None:
    after = accept(begin(verification(State.ASKED), NOW), StartedCheck("a", "c", "https://x"), NOW, 7)
    assert (after.state, after.account, after.check, after.next_try) == (State.PENDING, "a", "c", NOW + 40)
    assert after.expires == NOW + 7 * DAY and "https://x" not in repr(after)


def test_look_for__check_that_is_nowhere__is_looked_for_ten_times() -> None:
    one, looks = verification(tries=40), 0
    while (later := pure.look_for(one, "not there", NOW)) is not None:
        one, looks = later, looks + 1
    assert looks == pure.MOST_UNKNOWN


def test_resolved__by_two_officers__goes_on_or_ends() -> None:
    before = verification(State.REVIEW)
    assert resolved(before, NOW, accepted=True).state is State.APPROVED
    assert resolved(before, NOW, accepted=False).state is State.DECLINED
    with pytest.raises(KycError, match="would give claims that have lapsed"):
        resolved(verification(State.REVIEW, expires=NOW), NOW, accepted=True)
    with pytest.raises(KycError, match="is pending, not review"):
        resolved(verification(), NOW, accepted=False)


def test_renews__claims_that_lapse_within_the_days__only_where_they_are_on_chain() -> None:
    claimed = verification(State.CLAIMED, expires=NOW + 30 * DAY)
    assert renews(claimed, NOW, 30) and not renews(claimed, NOW - 1, 30)
    assert not renews(verification(State.DECLINED, expires=NOW), NOW, 30)


def test_level__topic_twice__is_refused() -> None:
    with pytest.raises(ValueError, match="a topic stands there twice"):
        Level(provider="onfido", workflow="x", topics=(WantedTopic(topic=1), WantedTopic(topic=1)))
