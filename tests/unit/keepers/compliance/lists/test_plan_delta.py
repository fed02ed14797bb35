from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.compliance.lists.delta import ZERO, Batch, Budget, Delta, Standing, plan_delta
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.records import ListedWallet

OFAC, UK = "aa" * 32, "bb" * 32
A, B, C, D = (f"0x{digit * 40}" for digit in "1234")
BUDGET = Budget()


def standing(list_id: str, source: str, *accounts: str, stale: bool = False, doubtful: bool = False) -> Standing:
    return Standing(list_id, source, tuple(ListedWallet(one, "ETH", doubtful) for one in accounts), stale)


def plan(lists: list[Standing], earlier: dict[str, str], on_chain: list[str], budget: Budget = BUDGET) -> Delta:
    return plan_delta(lists, earlier, on_chain, budget)


def test_plan_delta__new_accounts__are_added_with_their_lists_hash() -> None:
    found = plan([standing("ofac-sdn", OFAC, B, A), standing("uk", UK, C)], {}, [])
    assert found.batches == (
        Batch("sanction", "ofac-sdn", OFAC, (A, B), BUDGET.cost(2)),
        Batch("sanction", "uk", UK, (C,), BUDGET.cost(1)),
    )
    assert found.batches[0].command == f"quantera compliance sanction {A} {B} --source 0x{OFAC}"


def test_plan_delta__an_account_on_two_lists__is_added_once_by_the_first() -> None:
    found = plan([standing("ofac-sdn", OFAC, A), standing("uk", UK, A)], {}, [])
    assert [(batch.list_id, batch.accounts) for batch in found.batches] == [("ofac-sdn", (A,))]


def test_plan_delta__what_the_publisher_removed__is_lifted() -> None:
    found = plan([standing("ofac-sdn", OFAC, A)], {A: "ofac-sdn", B: "ofac-sdn"}, [A, B])
    assert found.batches == (Batch("lift", "ofac-sdn", OFAC, (B,), BUDGET.cost(1)),)
    assert found.kept == 1 and found.notes == ()


def test_plan_delta__removed_from_one_list_of_two__stays() -> None:
    found = plan([standing("ofac-sdn", OFAC), standing("uk", UK, A)], {A: "ofac-sdn"}, [A])
    assert found.batches == () and found.kept == 1


def test_plan_delta__sanctioned_by_hand__stays_and_is_noted() -> None:
    found = plan([standing("ofac-sdn", OFAC, A)], {A: "ofac-sdn"}, [A, D])
    assert found.batches == ()
    assert found.notes == (f"{D} is on chain and was never on an accepted list: left as it is",)


def test_plan_delta__a_list_that_may_be_out_of_date__frees_nobody_and_still_adds() -> None:
    lists = [standing("ofac-sdn", OFAC, B), standing("uk", UK, stale=True)]
    found = plan(lists, {A: "ofac-sdn"}, [A])
    assert [batch.action for batch in found.batches] == ["sanction"]
    assert found.notes == (f"{A} was delisted by ofac-sdn, and stays while uk may be out of date",)


def test_plan_delta__a_doubtful_account__is_added_and_noted_once() -> None:
    lists = [standing("ofac-sdn", OFAC, A, doubtful=True)]
    assert plan(lists, {}, []).notes == (f"{A} of ofac-sdn fails its checksum as published: compare it",)
    assert plan(lists, {}, []).accounts("sanction") == (A,)
    assert plan(lists, {A: "ofac-sdn"}, [A]).notes == ()


def test_plan_delta__address_zero__is_never_sent() -> None:
    found = plan([standing("ofac-sdn", OFAC, ZERO, A)], {}, [])
    assert found.accounts("sanction") == (A,)
    assert found.notes == ("address zero is on a list and cannot be sanctioned",)


def test_plan_delta__the_same_again__has_nothing_to_do() -> None:
    assert plan([standing("ofac-sdn", OFAC, A)], {A: "ofac-sdn"}, [A]).batches == ()


def test_plan_delta__a_list_without_version__is_refused() -> None:
    with pytest.raises(ListError, match="list uk: has no accepted version; import it"):
        plan([standing("ofac-sdn", OFAC)], {A: "uk"}, [A])


def test_budget__less_than_one_account__is_refused() -> None:
    with pytest.raises(ListError, match="150000 gas: do not cover one account, which costs 158000; allow more"):
        plan([standing("ofac-sdn", OFAC, A)], {}, [], Budget(gas=150_000))


@pytest.mark.parametrize(("registries", "most"), [(1, 136), (8, 28), (32, 7)])
def test_budget__more_registries__fewer_accounts(registries: int, most: int) -> None:
    assert Budget(registries=registries).most == most


accounts = st.integers(min_value=1, max_value=60).map(lambda number: f"0x{number:040x}")


@given(
    st.lists(st.sets(accounts, max_size=40), min_size=1, max_size=3),
    st.sets(accounts),
    st.sets(accounts),
    st.integers(min_value=160_000, max_value=2_000_000),
)
def test_plan_delta__any_lists__bring_the_chain_to_them(
    listed: list[set[str]], earlier: set[str], on_chain: set[str], gas: int
) -> None:
    names = [f"list-{number}" for number in range(len(listed))]
    lists = [
        standing(name, f"{at:064x}", *sorted(held)) for at, (name, held) in enumerate(zip(names, listed, strict=True))
    ]
    ever = dict.fromkeys(earlier, names[0])
    found = plan_delta(lists, ever, on_chain, Budget(gas=gas))
    wanted = set().union(*listed)
    after = (on_chain | set(found.accounts("sanction"))) - set(found.accounts("lift"))
    assert after == wanted | (on_chain - earlier)
    assert not set(found.accounts("sanction")) & on_chain and set(found.accounts("lift")) <= on_chain & earlier - wanted
    assert all(0 < batch.gas <= gas and batch.accounts for batch in found.batches)
    assert len(found.accounts("sanction")) == len(set(found.accounts("sanction")))
    again = plan_delta(lists, ever, after, Budget(gas=gas))
    assert again.batches == ()
