from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from keepers.contracts.deployment import DeploymentError, load
from keepers.routing.markets import Market, VenueKind
from keepers.rpc.node import connect
from tests.fixtures.node import World

ADDRESS = "0x" + "ab" * 20

CURVE = {
    "address": Market(VenueKind.CURVE_INT128, ADDRESS, "0x" + "01" * 20, "0x" + "02" * 20, param=256).key,
    "kind": "curve-int128",
    "fee": 0,
    "target": ADDRESS,
    "param": 256,
    "id": "0x" + "00" * 32,
    "token0": "0x" + "01" * 20,
    "token1": "0x" + "02" * 20,
}


def content() -> dict[str, Any]:
    return {
        "network": "testnet",
        "chain_id": 1,
        "block": 7,
        "contracts": {"RiskEngine": {"address": ADDRESS, "code_hash": "0x00", "constructor_args": [], "block": 3}},
        "tokens": {"AAA": ADDRESS},
        "feeds": {"AAA": ADDRESS},
        "pools": [{"address": ADDRESS, "kind": "uniswap-v2", "fee": 3000}],
        "portfolios": {"demo": {"address": ADDRESS, "universe": "0x" + "01" * 32}},
    }


def write(folder: Path, raw: object) -> Path:
    path = folder / "testnet.json"
    path.write_text(json.dumps(raw))
    return path


def test_load__complete_file__gives_checksummed_addresses(tmp_path: Path) -> None:
    found = load(write(tmp_path, content()))
    assert found.address("RiskEngine").lower() == ADDRESS
    assert found.symbol_of(ADDRESS) == "AAA"
    assert found.portfolio("demo").universe == b"\1" * 32


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("pools", [{"address": "0x12", "kind": "uniswap-v2", "fee": 1}], "0x12 in .*: no address"),
        ("pools", [{"address": ADDRESS, "kind": "curve", "fee": 1}], "pool kind curve"),
        ("pools", [{**CURVE, "address": ADDRESS}], "is named 0x"),
        ("pools", [{**CURVE, "token0": ADDRESS}], "not rising"),
        ("pools", [{**CURVE, "id": "0x12"}], "id 0x12 in .*: not 32 bytes"),
        ("pools", [{"address": ADDRESS, "kind": "erc4626", "fee": 0}], "lacks or misspells 'target'"),
        ("portfolios", {"demo": {"address": ADDRESS, "universe": "0x12"}}, "not 32 bytes"),
        ("tokens", None, "lacks or misspells"),
    ],
)
def test_load__wrong_entry__names_it(tmp_path: Path, key: str, value: object, text: str) -> None:
    with pytest.raises(DeploymentError, match=text):
        load(write(tmp_path, {**content(), key: value}))


def test_load__market_of_another_venue__is_whole(tmp_path: Path) -> None:
    (pool,) = load(write(tmp_path, {**content(), "pools": [CURVE]})).pools
    assert pool.market is not None and pool.market.key == pool.address == CURVE["address"]
    assert (pool.venue, pool.market.param) == (VenueKind.CURVE_INT128, 256)


def test_load__no_file_or_no_json__says_so(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="No such file"):
        load(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(DeploymentError, match="no JSON"):
        load(tmp_path / "bad.json")


def test_lookups__of_what_is_not_there__name_it(tmp_path: Path) -> None:
    found = load(write(tmp_path, content()))
    with pytest.raises(DeploymentError, match="contract Nothing"):
        found.address("Nothing")
    with pytest.raises(DeploymentError, match=r"portfolio other: .*choose from: demo"):
        found.portfolio("other")
    with pytest.raises(DeploymentError, match="token 0x"):
        found.symbol_of("0x" + "cd" * 20)


def test_verify__on_its_chain__passes_and_other_code_or_none__fails(world: World, tmp_path: Path) -> None:
    node = connect(world.url, 31337)
    load(world.folder / "testnet.json").verify(node)
    raw = json.loads((world.folder / "testnet.json").read_text())
    raw["contracts"]["RiskEngine"]["code_hash"] = "0x" + "00" * 32
    with pytest.raises(DeploymentError, match=r"RiskEngine at .*not the deployed code"):
        load(write(tmp_path, raw)).verify(node)
    raw["contracts"]["RiskEngine"]["address"] = ADDRESS
    with pytest.raises(DeploymentError, match="has no code on this chain"):
        load(write(tmp_path, raw)).verify(node)
    with pytest.raises(DeploymentError, match="is for chain 5, not 31337"):
        load(write(tmp_path, {**raw, "chain_id": 5})).verify(node)
