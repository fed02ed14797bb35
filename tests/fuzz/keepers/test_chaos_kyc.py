"""The kyc bot killed, its node killed, its database cut, its provider away, webhooks repeated, delayed and forged: each
check is begun once, each webhook is dealt with once, each claim comes on chain once.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from eth_utils import keccak

from keepers.config import load_config
from keepers.errors import KeeperError
from keepers.operations.kyc import Order, ask
from keepers.store import Store
from keepers.store.tables import verification_events, verifications, webhooks
from keepers.store.verifications import TOLD
from scripts._lib.ports import free_port
from tests.fixtures.chaos import (
    REORG,
    ChaosWorld,
    Outcome,
    Process,
    Trouble,
    chaos_world,
    outlast,
    outlast_a_look,
    report,
)
from tests.fixtures.identity_providers import JumioStandIn, OnfidoStandIn, signed
from tests.fixtures.kyc_office import ADA, KycOffice
from tests.fixtures.node import World, protocol
from tests.fixtures.waiting import wait_until
from tests.fuzz.keepers.test_chaos import RUNS, SEEDS, bury, database, of_a_run, whole

PERSONS = 12
_CLAIM_ADDED = keccak(text="ClaimAdded(bytes32,uint256,uint256,address,bytes,bytes,string)")

_made: dict[str, Any] = {}


@pytest.fixture
def kyc_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path, str, list[dict[str, Any]]]:
    """The protocol with a claim issuer and persons with ONCHAINIDs; its chain has ended, its state is on file."""
    if "template" not in _made:
        folder = tmp_path_factory.mktemp("kyc-template")
        state = folder / "state.json"
        with protocol(folder, "--state", str(state), "--preserve-historical-states") as world:
            office = KycOffice(world, OnfidoStandIn(), JumioStandIn())
            office.enrol(*({"person": f"P-{number}", "name": f"Jan {number}"} for number in range(PERSONS)))
            for _ in range(2 * REORG):
                world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
        wait_until(lambda: whole(state))
        _made["template"] = world, state, office.issuer.issuer.address, office.people
    found: tuple[World, Path, str, list[dict[str, Any]]] = _made["template"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_chaos__kyc__deals_with_every_webhook_once(
    kyc_template: tuple[World, Path, str, list[dict[str, Any]]],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    seed: int,
) -> None:
    outcome = kyc_run(kyc_template, seed, tmp_path / f"{seed}", request.config)
    report(outcome)
    assert outcome.acted == outcome.events > 0, outcome


class CallingProvider:
    """Has persons finish their checks, and calls about each as a provider does: again until it is answered with 200.

    Args:
        onfido: The stand-in.
        port: Port that webhooks are taken at.
        chance: Generator of what is repeated, late and forged.
    """

    def __init__(self, onfido: OnfidoStandIn, port: int, chance: random.Random) -> None:
        self._onfido = onfido
        self._place = f"http://127.0.0.1:{port}/onfido"
        self._chance = chance
        self._left: list[tuple[bytes, str]] = []
        self._finished: set[str] = set()
        self.called: set[bytes] = set()

    def work(self) -> None:
        """Finishes what was begun, and calls about it."""
        self._onfido.now = time.time()
        for run in list(self._onfido.runs):
            if run not in self._finished:
                self._finished.add(run)
                self._onfido.finish(run, "approved")
                for action in ("workflow_run.completed", "workflow_task.completed"):
                    one = self._onfido.webhook(run, action)
                    self._left += [one] * self._chance.randint(1, 3)
                forged, _ = self._onfido.webhook(run, "forged")
                self._call(forged, signed(forged, "a stranger's token"))
        late = [one for one in self._left if self._chance.random() < 0.2]
        calling, self._left = [one for one in self._left if one not in late], late
        self._left += [one for one in calling if self._call(*one) != 200]

    def _call(self, body: bytes, signature: str) -> int:
        try:
            headers = {"X-SHA2-Signature": signature}
            status = requests.post(self._place, data=body, headers=headers, timeout=20).status_code
        except requests.RequestException:
            return 0
        if status == 200:
            self.called.add(body)
        return status

    @property
    def is_done(self) -> bool:
        """True if every call was answered."""
        return not self._left


def kyc_run(
    template: tuple[World, Path, str, list[dict[str, Any]]], seed: int, folder: Path, config: pytest.Config
) -> Outcome:
    """Officers ask for verifications, something goes wrong, claims come on chain; then the next."""
    world_template, state, issuer, people = template
    started, started_at, chance = time.monotonic(), time.time(), random.Random(seed)
    # A check is looked for among those that began since it was asked for: the provider's clock is this machine's.
    onfido, jumio = OnfidoStandIn(now=started_at), JumioStandIn(now=started_at)
    with chaos_world(world_template, state, folder, seed) as world, onfido.running(), jumio.running():
        kind, store_url = database(seed, folder, config)
        place, port = SimpleNamespace(issuer=SimpleNamespace(address=issuer)), free_port()
        office = KycOffice(world, onfido, jumio, issuer=place, people=list(people))
        office.write_register()
        fast = {"store": store_url, "lease_seconds": 1, "max_failures": 30, "poll_seconds": 0.05}
        path = office.config(port, {**fast, "finality_blocks": 2 * REORG})
        process = Process(["-m", "tests.fixtures.hasty_keeper", "run", "kyc", "--config", str(path)], folder / "log")
        trouble = Trouble(world.chain, process, world.author, store_url, chance)
        calling = CallingProvider(onfido, port, chance)

        def meanwhile() -> None:
            trouble.mend()
            calling.work()

        persons = [one["person"] for one in people]
        chance.shuffle(persons)
        asked: list[str] = []
        try:
            process.supervise()
            faults = of_a_run(seed, chance)
            for fault in faults if RUNS == 2 else ["", *faults, "kill -9"]:
                fresh = [persons.pop() for _ in range(chance.randint(1, 2))]
                asked += fresh
                outlast(lambda fresh=fresh: order(path, fresh), meanwhile)  # type: ignore[misc]
                strike(trouble, calling, onfido, fault, chance)
                outlast(lambda: all_claimed(store_url, asked) and calling.is_done, meanwhile)  # noqa: B023 - it grows
            outlast_a_look(world.chain, store_url, "kyc:testnet", meanwhile)
            bury(world)
            outcome = Outcome("kyc", seed, kind, faults=dict(trouble.done))
            outcome.count(times_told(store_url, len(calling.called)))
            require_once(world, onfido, store_url, people, asked)
            assert process.stop() == 0, process.output()[-2000:]
        except BaseException:
            print(process.output()[-6000:])
            raise
        finally:
            process.kill()
        outcome.starts, outcome.seconds = process.starts, round(time.monotonic() - started, 1)
        return outcome


def strike(
    trouble: Trouble, calling: CallingProvider, onfido: OnfidoStandIn, fault: str, chance: random.Random
) -> None:
    """Lets a fault happen, if there is one, while the provider may be away or lose what it is sent."""
    onfido.down = chance.random() < 0.3
    trouble.pause(1.5)
    if fault:
        trouble.strike(fault)
    calling.work()
    onfido.down = False
    onfido.lost = chance.random() < 0.3
    trouble.pause(0.5)
    onfido.lost = False


def order(path: Path, persons: list[str]) -> bool:
    """Asks for verifications as an officer; False where the database is away, True where they stand already."""
    config = load_config(path, officer=True)
    try:
        store = Store.open(config.store_url)
    except KeeperError:
        return False
    try:
        ask(store, config, Order(tuple(persons), "onfido", "", ADA, False), int(time.time()))
    except KeeperError as error:
        return "has verification" in str(error)
    finally:
        store.close()
    return True


def states(store_url: str) -> dict[str, int]:
    """Number of verifications by state."""
    engine = sa.create_engine(store_url)
    try:
        with engine.connect() as connection:
            return dict(Counter(connection.execute(sa.select(verifications.c.state)).scalars()))
    finally:
        engine.dispose()


def all_claimed(store_url: str, asked: list[str]) -> bool:
    """True if the claims of everybody are on chain for good."""
    return states(store_url) == {"claimed": len(asked)}


def times_told(store_url: str, called: int) -> list[int]:
    """How often each webhook that was answered with 200 was told to its verification."""
    engine = sa.create_engine(store_url)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(webhooks.c.id, webhooks.c.state)).all()
        said = sa.select(verification_events.c.words).where(verification_events.c.kind == "webhook")
        words = Counter(connection.execute(said).scalars())
    engine.dispose()
    assert len(rows) == called and all(state == TOLD for _, state in rows), rows
    return [sum(count for text, count in words.items() if text.endswith(f"(number {id_})")) for id_, _ in rows]


def require_once(
    world: ChaosWorld, onfido: OnfidoStandIn, store_url: str, people: list[dict[str, Any]], asked: list[str]
) -> None:
    """One run a person, one verification a person, and each claim once on the chain as it is now."""
    assert len(onfido.runs) == len(asked), (len(onfido.runs), len(asked))
    identities = {one["onchain_id"] for one in people if one["person"] in asked}
    logs = world.w3.eth.get_logs({"fromBlock": 0, "topics": [_CLAIM_ADDED]})  # type: ignore[typeddict-item]
    added = Counter((str(log["address"]), bytes(log["topics"][2])) for log in logs)
    assert {address for address, _ in added} == identities and len(added) == 2 * len(asked)
    assert set(added.values()) == {1}, added
