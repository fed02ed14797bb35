"""Two replicas for two half hours of simulated time, killed and put to sleep at random: no note is answered twice."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from keepers.errors import KeeperError
from keepers.store import Store
from scripts._lib.transactions import GAS
from tests.fixtures.event_chain import SENDING, EventChain, Replica, event_chain, replica, signer

HALF_HOUR, BLOCK = 1800, 12
LEASE = 30.0


class Killed(BaseException):
    """The process ends here."""


class Blocks:
    """Stands in for the module `time` of the sender: the pair's clock moves when it sleeps, and a block is mined.

    So how busy the machine is does not decide whether a transaction counts as lost.
    """

    def __init__(self, chain: EventChain, clock: list[float]) -> None:
        self._chain, self._clock = chain, clock

    def monotonic(self) -> float:
        """Seconds."""
        return self._clock[0]

    def sleep(self, seconds: float) -> None:
        """Moves on to the next block."""
        self._clock[0] += seconds
        self._chain.mine()


class Pair:
    """Both replicas on one store and one simulated clock, and what happens to them between any two of their steps."""

    def __init__(self, chain: EventChain, store: Store, clock: list[float], seed: int) -> None:
        self.chain, self.store, self.clock = chain, store, clock
        self.chance = random.Random(seed)
        self.happened: Counter[str] = Counter()
        self.leaders: set[str] = set()
        self._born = 0
        self._asleep = False
        self.replicas = [self._fresh(0), self._fresh(1)]

    def step(self, index: int) -> None:
        """One look at the chain by a replica, which may not live to its end."""
        try:
            self.replicas[index].runtime.step()
        except Killed:
            self.happened["killed"] += 1
            self.replicas[index] = self._fresh(index)
        except KeeperError as error:
            self.happened[type(error).__name__] += 1
        lease = self.store.lease("bot:echo")
        if lease is not None and lease.expires > self.clock[0]:
            self.leaders.add(lease.holder)

    def _fresh(self, index: int) -> Replica:
        """A process that has just started, with a name of its own."""
        self._born += 1
        sending = replace(SENDING, poll_seconds=1.0, resend_after=2.0, lost_after=10.0, receipt_timeout=600.0)
        found = replica(self.chain, self.store, seconds=LEASE, holder=f"replica {self._born}", sending=sending)
        # Where a kill or a sleep hurts: before signing, between journal and broadcast, before the receipt is seen.
        found.bot.interrupt = lambda _: self._disturb(index)
        sender, decisions = found.decisions.sender, found.decisions
        for owner, name in ((sender, "_broadcast"), (sender, "_look"), (sender, "_receipts"), (decisions, "decide")):
            original = getattr(owner, name)

            def disturbed(*args: object, original: object = original, **kwargs: object) -> object:
                assert callable(original)
                self._disturb(index)
                return original(*args, **kwargs)

            setattr(owner, name, disturbed)
        return found

    def _disturb(self, index: int) -> None:
        dice = self.chance.random()
        if dice < 0.04:
            raise Killed
        if dice < 0.08 and not self._asleep:
            # Longer than the lease: the other one takes over meanwhile, and this one wakes in the middle of its act.
            self.happened["slept through its lease"] += 1
            self._asleep = True
            self.clock[0] += LEASE + 1
            self.step(1 - index)
            self._asleep = False


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_two_replicas__half_an_hour__answer_every_note_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    clock = [1_700_000_000.0]
    store = Store.open(f"sqlite:///{tmp_path}/keeper.sqlite", lambda: clock[0])
    with event_chain() as chain:
        monkeypatch.setattr("keepers.transactions.sender.time", Blocks(chain, clock))
        chain.rpc("evm_setAutomine", False)
        pair = Pair(chain, store, clock, seed=seed)
        end, notes = clock[0] + HALF_HOUR, 0
        while clock[0] < end:
            clock[0] += BLOCK
            if pair.chance.random() < 0.5:
                # Dropped ones are those that a replica sent before it was killed.
                if pair.chance.random() < 0.2:
                    chain.rpc("anvil_dropAllTransactions")
                chain.contract.functions.post(notes, 1).transact({"from": chain.owner, "gas": GAS})
                chain.mine()
                notes += 1
            for index in pair.chance.sample((0, 1), 2):
                pair.step(index)
        # The rest of the half hour, for as long as it takes a pair that is killed at one note in five.
        for _ in range(200):
            clock[0] += LEASE + 1
            chain.mine()
            for index in (0, 1):
                pair.step(index)
            if min(chain.answers(notes)) > 0:
                break
        failures = [line for one in pair.replicas for line in one.output.getvalue().splitlines()[-5:]]
        assert chain.answers(notes) == [1] * notes, (pair.happened, failures)
        # Not one more transaction than notes: nothing was sent twice and then refused, nothing cancelled.
        assert chain.w3.eth.get_transaction_count(signer().address) == notes  # type: ignore[arg-type]
        assert notes > 40 and len(pair.leaders) > 5
        assert min(pair.happened["killed"], pair.happened["slept through its lease"], pair.happened["LeaseLost"]) > 1
    store.close()
