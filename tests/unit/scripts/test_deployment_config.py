"""Configs that are refused, and what is said about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts._lib.deployment.bls import FIELD
from scripts._lib.deployment.config import Config, ConfigError, SharePolicy, TradingWindow, load_config
from scripts._lib.deployment.venues import Curve, UniswapV4
from tests.fixtures.bls import bls_keys

EXAMPLES = Path(__file__).parents[3] / "scripts/_config"
ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@pytest.fixture
def refused(tmp_path):
    """`refused(change)`: the complaint about the example with a change made to it."""

    def complaint(change: Any) -> str:
        data = yaml.safe_load((EXAMPLES / "example.yaml").read_text())
        change(data)
        path = tmp_path / "changed.yaml"
        path.write_text(yaml.safe_dump(data))
        with pytest.raises(ConfigError) as error:
            load_config(path)
        return str(error.value)

    return complaint


@pytest.mark.parametrize("name", ["example", "localnet"])
def test_load_config__shipped__is_valid(name):
    assert load_config(EXAMPLES / f"{name}.yaml").network


def test_load_config__unknown_key__is_named(refused):
    assert "unknown key 'riks'" in refused(lambda data: data.update(riks={}))


def test_load_config__unknown_nested_key__is_named_with_its_path(refused):
    complaint = refused(lambda data: data["portfolios"]["majors"]["limits"].update(max_var=1))
    assert "unknown key 'portfolios.majors.limits.max_var'" in complaint


def test_load_config__missing_role__is_named(refused):
    assert "missing role 'roles.guardian'" in refused(lambda data: data["roles"].pop("guardian"))


def test_load_config__missing_key__is_named(refused):
    assert "missing key 'admin'" in refused(lambda data: data.pop("admin"))


@pytest.mark.parametrize("address", ["0x1234", "vitalik.eth", ACCOUNT[:-1] + "7"])
def test_load_config__bad_address__is_named_with_its_key(refused, address):
    complaint = refused(lambda data: data.update(admin=address))
    assert "admin" in complaint and address in complaint


def test_load_config__wrong_checksum__says_so(refused):
    address = ACCOUNT.replace("Fd", "fd")
    assert "fails its checksum" in refused(lambda data: data.update(admin=address))


def test_load_config__asset_nobody_defined__is_named(refused):
    complaint = refused(lambda data: data["universes"]["majors"]["assets"].append("DOGE"))
    assert "'DOGE' is no asset" in complaint


def test_load_config__portfolio_asset_without_feed__is_named(refused):
    assert "['WBTC'] have no feed" in refused(lambda data: data["feeds"].pop("WBTC"))


def test_load_config__unknown_universe__is_named(refused):
    complaint = refused(lambda data: data["portfolios"]["majors"].update(universe="minors"))
    assert "no universe 'minors'" in complaint


def test_load_config__threshold_above_signers__says_both(refused):
    complaint = refused(lambda data: data["universes"]["majors"].update(threshold=4))
    assert "threshold 4 is above the 3 signers" in complaint


@pytest.mark.parametrize(
    "key, value, complaint",
    [
        ("management", 501, "portfolios.majors.fees.management: Input should be less than or equal to 500"),
        ("performance", 3001, "portfolios.majors.fees.performance: Input should be less than or equal to 3000"),
        ("period", 86_399, "portfolios.majors.fees.period: Input should be greater than or equal to 86400"),
        ("recipient", None, "management 150 and performance 1500 have no recipient; name one"),
    ],
)
def test_load_config__fees_beyond_the_protocols__say_so(refused, key, value, complaint):
    assert complaint in refused(lambda data: data["portfolios"]["majors"]["fees"].update({key: value}))


@pytest.mark.parametrize("key, value", [("lock", 604_801), ("max_jump", 99), ("max_jump", 10_001), ("deposit_cap", 0)])
def test_load_config__policy_beyond_the_protocols__is_named(refused, key, value):
    complaint = refused(lambda data: data["portfolios"]["majors"]["policy"].update({key: value}))
    assert f"portfolios.majors.policy.{key}: Input should be" in complaint


def test_portfolio__open_shares_over_a_regulated_token__complains(refused):
    def change(data):
        data["feeds"]["NOTE"] = data["feeds"]["WETH"]
        data["universes"]["majors"]["assets"].append("NOTE")
        portfolio = data["portfolios"]["majors"]
        portfolio["assets"].append("NOTE")
        del portfolio["share_rules"]

    complaint = refused(change)
    assert (
        "portfolios.majors: ['NOTE'] are regulated, and its shares are open to anyone; give it share_rules" in complaint
    )


def test_policy__cap_in_whole_tokens__becomes_smallest_units():
    assert SharePolicy(lock=1, max_jump=100, deposit_cap="2.5").as_tuple(6) == (1, 100, 2_500_000)
    assert SharePolicy().as_tuple(6)[2] == 0


@pytest.mark.parametrize("cap", ["0.0000001", "1e30"])
def test_policy__cap_that_is_no_number_of_units__says_what_to_do(cap):
    with pytest.raises(ConfigError, match="round it or leave it out"):
        SharePolicy(deposit_cap=cap).as_tuple(6)


def test_load_config__halt_before_de_risk__says_both(refused):
    complaint = refused(lambda data: data["portfolios"]["majors"]["limits"].update(halt_drawdown=10))
    assert "halt_drawdown 10 is below max_drawdown 3000" in complaint


V4 = {"kind": "uniswap-v4", "manager": ACCOUNT, "tokens": ["USDC", "WETH"], "fee": 500, "tick_spacing": 10}
CURVE = {"kind": "curve-uint256", "pool": ACCOUNT, "tokens": ["WETH", "USDC"], "indices": [0, 2]}
AIRSWAP = {"kind": "airswap", "swap": ACCOUNT, "maker": ACCOUNT, "portfolio": "majors", "tokens": ["USDC", "WETH"]}
MARKETS = (
    {"kind": "trader-joe", "pool": ACCOUNT, "fee": 3000},
    {**V4, "coin": "WETH"},
    {**V4, "fee": "dynamic", "hooks": ACCOUNT},
    {**CURVE, "kind": "curve-int128-ng", "factory": ACCOUNT},
    {"kind": "balancer-weighted", "vault": ACCOUNT, "id": "0x" + "12" * 32, "tokens": ["WBTC", "WETH"]},
    CURVE,
    {"kind": "erc4626", "share": "WBTC", "asset": "WETH"},
    {"kind": "adapter", "adapter": ACCOUNT, "tokens": ["NOTE", "USDC"], "regulated": True},
    {"kind": "lite-psm", "psm": ACCOUNT, "tokens": ["USDC", "WETH"]},
    {"kind": "aerodrome", "pool": ACCOUNT, "tokens": ["USDC", "WETH"]},
    {"kind": "fluid-dex", "dex": ACCOUNT, "tokens": ["USDC", "WETH"]},
    AIRSWAP,
)


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market["kind"])
def test_load_config__market_of_each_kind__is_taken(tmp_path, market):
    data = yaml.safe_load((EXAMPLES / "example.yaml").read_text())
    path = tmp_path / "changed.yaml"
    path.write_text(yaml.safe_dump({**data, "venues": [market]}))
    (found,) = load_config(path).venues
    assert found.kind == market["kind"]


def test_market__of_config__is_in_the_order_that_the_aggregator_wants():
    usdc, weth = "0x" + "0b" * 20, "0x" + "0a" * 20
    assets = {"USDC": usdc, "WETH": weth}
    v4 = UniswapV4.model_validate({**V4, "coin": "WETH"}).market(assets)
    assert (v4.token0, v4.token1, v4.fee, v4.param) == (weth, usdc, 500, 10 | 1 << 24)
    for fee in ("dynamic", 0x800000):
        assert UniswapV4.model_validate({**V4, "fee": fee, "hooks": ACCOUNT}).market(assets).fee == 0x800000
    curve = Curve.model_validate(CURVE).market(assets)
    assert (curve.token0, curve.param) == (weth, 0 | 2 << 8)
    turned = Curve.model_validate({**CURVE, "tokens": ["USDC", "WETH"]}).market(assets)
    assert (turned.token0, turned.param) == (weth, 2 | 0 << 8)


@pytest.mark.parametrize(
    ("market", "complaint"),
    [
        ({"kind": "kyber"}, "'kyber' found using 'kind' does not match any of the expected tags: 'uniswap-v2'"),
        ({**V4, "tokens": ["USDC", "USDC"]}, "'USDC' stands twice"),
        ({**V4, "tokens": ["USDC", "DOGE"]}, "'DOGE' is no asset"),
        ({**V4, "coin": "WBTC"}, "venues.0.coin: 'WBTC' is not of the pool; name one of ['USDC', 'WETH']"),
        ({**V4, "fee": 0x800BB8}, "venues.0.uniswap-v4.fee: 8391608 is no fee of a V4 pool; give 0 to 999999"),
        ({**V4, "fee": "dynamic"}, "dynamic, but the pool has no hooks that would set it; name its hooks"),
        ({**CURVE, "indices": [0, 256]}, "indices"),
        ({**CURVE, "kind": "curve-int128-ng"}, "curve-int128-ng needs the factory of its pool"),
        ({**CURVE, "factory": ACCOUNT}, "curve-uint256 has no factory; only curve-int128-ng has one"),
        ({"kind": "balancer-stable", "vault": ACCOUNT, "id": "0x12", "tokens": ["USDC", "WETH"]}, "id"),
        ({"kind": "adapter", "adapter": ACCOUNT, "tokens": ["NOTE", "USDC"]}, "['NOTE'] are regulated"),
        (
            {**AIRSWAP, "portfolio": "minors"},
            "venues.0.portfolio: 'minors' is not under portfolios; choose from: majors",
        ),
        ({"kind": "pancake-v2", "pool": ACCOUNT}, "missing key 'venues.0.pancake-v2.fee'"),
    ],
)
def test_load_config__bad_market__one_line_that_names_it(refused, market, complaint):
    found = refused(lambda data: data.update(venues=[market]))
    assert complaint in found and len(found.splitlines()) == 1


def test_load_config__two_faults__a_line_each(refused):
    def change(data):
        data.update(riks={})
        data.pop("admin")

    assert len(refused(change).splitlines()) == 2


def test_load_config__no_such_file__one_line(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "nowhere.yaml")


def test_load_config__not_yaml__one_line(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("network: [")
    with pytest.raises(ConfigError, match="is not YAML"):
        load_config(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "holds no keys"),
        (b"\xff\xfe", "is not UTF-8 (byte 0)"),
        (b"a: " + b"[" * 3000 + b"]" * 3000, "nested deeper than 64"),
        (b"admin: a\nadmin: b", "key 'admin' stands twice"),
        (b"!!python/object/apply:os.system [id]", "is not YAML"),
        (b"a: " + b"x" * 2**20, "is longer than"),
    ],
    ids=["empty", "not UTF-8", "deep", "key twice", "object", "long"],
)
def test_load_config__no_such_yaml__one_line(tmp_path, content, reason):
    path = tmp_path / "hostile.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert reason in str(error.value) and "\n" not in str(error.value)


def at(keys: str, value: Any) -> Any:
    """A change that sets the key at this path."""

    def changed(data: Any) -> None:
        *path, last = [int(key) if key.isdigit() else key for key in keys.split(".")]
        for key in path:
            data = data[key] if isinstance(data, list) else data.setdefault(key, {})
        data[last] = value

    return changed


@pytest.mark.parametrize(
    ("keys", "value", "reason"),
    [
        ("admin", "0x" + "00" * 20, "nobody's address"),
        ("roles.guardian.accounts", ["0x" + "00" * 20], "nobody's address"),
        ("portfolios.majors.signers", ["0x" + "00" * 20], "nobody's address"),
        ("portfolios.majors.signers", [ACCOUNT, ACCOUNT], "stands twice; keep one"),
        ("admin_delay", True, "admin_delay is true, which is no value for it"),
        ("admin_delay", 2**32, "admin_delay"),
        ("feeds.USDC.min_price", 5, "min_price 5 is not below max_price 1.1"),
        ("feeds.USDC.min_price", 1e-30, "would be zero; raise it"),
        ("feeds.USDC.max_price", 1e60, "lower it"),
        ("feeds.USDC.max_price", float("nan"), "finite"),
        ("optimizers.dollars.share_feed.min_price", 2, "min_price 2 is not below max_price 2"),
        ("portfolios.majors.assets", ["WETH", "WETH"], "WETH stands twice; keep one"),
        ("universes.majors.assets", ["WETH", "WBTC", "WETH"], "WETH stands twice; keep one"),
        ("portfolios.majors.limits.max_var99", 2000, "2000 is looser than risk.floors.max_var99 1000; tighten it"),
        ("portfolios.majors.limits.max_weight", 100, "leaves 9800 basis points in cash for ever; raise it to 5000"),
        ("risk.min_model_delay", 864_000, "min_model_delay 864000 is not below max_model_lifetime 864000"),
        ("liquidity.commitments.delay", 50, "delay 50 is not below lifetime 50"),
        ("portfolios.majors.symbol", "x" * 10_000, "at most 32 characters"),
        ("portfolios.majors.name", "", "at least 1 character"),
        ("network", "../../etc/x", "network"),
        ("network", "a\0b", "network"),
        ("network", "", "network"),
        ("admin_delay", -1, "admin_delay"),
        ("admin_delay", 1.5, "admin_delay"),
        ("feeds.USDC.heartbeat", 0, "heartbeat"),
        ("feeds.USDC.max_price", float("inf"), "finite"),
        ("portfolios.majors.assets", ["NOPE"], "NOPE"),
        ("portfolios.majors.assets", ["WETH", "USDC"], "USDC"),
        ("portfolios.majors.threshold", 0, "threshold"),
        ("portfolios.majors.limits.max_weight", 0, "max_weight"),
        ("portfolios.majors.fees", {"management": 10}, "recipient"),
        ("tokens.NOTE.rules.countries", [0], "countries"),
        ("tokens.NOTE.rules.countries", ["US"], "countries"),
        ("tokens.NOTE.rules.classes", ["vip"], "classes"),
        ("tokens.NOTE.decimals", 37, "decimals"),
        ("venues.0.fee", -1, "fee"),
        ("venues.0.kind", "dodo", "dodo"),
        ("universes.majors.assets", ["WETH"] * 33, "assets"),
    ],
)
def test_load_config__values_that_do_not_go_together__one_line(refused, keys, value, reason):
    complaint = refused(at(keys, value))
    assert reason in complaint and "\n" not in complaint


def test_load_config__one_address_under_two_symbols__is_named(refused):
    complaint = refused(lambda data: data["assets"].update(WBTC=data["assets"]["WETH"]))
    assert "assets: WBTC and WETH are both 0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2; correct one" in complaint


def test_load_config__settlement_token_among_the_assets__is_refused(refused):
    def change(data: Any) -> None:
        for owner in (data["universes"], data["portfolios"]):
            owner["majors"]["assets"].append("USDC")

    assert "USDC is the settlement token already; leave it out" in refused(change)


def test_load_config__pool_listed_twice__is_refused(refused):
    assert "venues" in (complaint := refused(lambda data: data["venues"].append({**data["venues"][0], "fee": 100})))
    assert "stands twice; keep one" in complaint


def test_load_config__a_limit_left_out_under_a_floor__is_taken(tmp_path):
    data = yaml.safe_load((EXAMPLES / "example.yaml").read_text())
    data["risk"]["floors"]["max_var95"] = 500
    path = tmp_path / "floors.yaml"
    path.write_text(yaml.safe_dump(data))
    assert load_config(path).risk.floors.max_var95 == 500


def optimizer(**changes: Any) -> dict[str, Any]:
    """One over USDC."""
    whole = {
        "name": "Dollar yield",
        "symbol": "qUSD",
        "asset": "USDC",
        "terms": {"min_liquid": 1000, "loss_budget": 200, "max_gain": 100, "max_loss": 500},
        "signers": [ACCOUNT],
        "threshold": 1,
    }
    return whole | changes


def test_load_config__optimizer_of_no_asset__is_named(refused):
    complaint = refused(lambda data: data.update(optimizers={"cash": optimizer(asset="EURC")}))
    assert "optimizers.cash.asset: 'EURC' is no asset" in complaint


def test_load_config__optimizer_named_like_an_asset__is_named(refused):
    complaint = refused(lambda data: data.update(optimizers={"USDC": optimizer()}))
    assert "['USDC'] stand under optimizers and under assets or tokens; keep one" in complaint


def test_load_config__share_feed_twice__is_named(refused):
    share_feed = {"max_growth": 2000, "min_price": 0.5, "max_price": 2}

    def change(data: Any) -> None:
        data["optimizers"] = {"cash": optimizer(share_feed=share_feed)}
        data["feeds"]["cash"] = data["feeds"]["USDC"]

    assert "feeds.cash: optimizers.cash.share_feed makes one; keep one" in refused(change)


def test_load_config__yield_terms_out_of_bounds__are_named(refused):
    terms = {"min_liquid": 1000, "loss_budget": 200, "max_gain": 100, "max_loss": 500, "unlock_time": 60}
    complaint = refused(lambda data: data.update(optimizers={"cash": optimizer(terms=terms)}))
    assert "optimizers.cash.terms.unlock_time" in complaint


# -- BLS groups

KEYS = ["0x" + key.public.hex() for key in bls_keys(3)]
PROOF = "0x" + "00" * 256


def group(keys=KEYS, threshold=2, **changes: Any) -> dict[str, Any]:
    """Keys without proofs."""
    return {"keys": [{"public": key} for key in keys], "threshold": threshold, **changes}


def with_group(desk: dict[str, Any], name: str = "desk") -> Any:
    """A change of the example: the portfolio's rebalances are signed by a group, too."""

    def change(data):
        data["bls_groups"] = {name: desk}
        data["portfolios"]["majors"]["signers"].append(name)

    return change


def test_load_config__bls_group__may_be_named_as_a_signer(tmp_path):
    data = yaml.safe_load((EXAMPLES / "example.yaml").read_text())
    with_group(group())(data)
    path = tmp_path / "changed.yaml"
    path.write_text(yaml.safe_dump(data))
    config = load_config(path)
    assert config.bls_groups["desk"].publics == b"".join(key.public for key in bls_keys(3))
    assert config.portfolios["majors"].signers[-1] == "desk"


def moved(key: str) -> str:
    """The key with another y: no point of the curve."""
    return key[:-2] + f"{(int(key[-2:], 16) + 1) % 256:02x}"


@pytest.mark.parametrize(
    ("desk", "complaint"),
    [
        (group(secret=1), "unknown key 'bls_groups.desk.secret'"),
        (group(keys=[]), "bls_groups.desk.keys: List should have at least 1 item"),
        (group(threshold=4), "bls_groups.desk: threshold 4 is above the 3 keys"),
        (group(threshold=0), "bls_groups.desk.threshold: Input should be greater than or equal to 1"),
        (group(keys=KEYS[::-1]), "bls_groups.desk: keys.1 is not above the one before; sort them"),
        (group(keys=[KEYS[0], KEYS[0]]), "bls_groups.desk: keys.1 is not above the one before"),
        (group(keys=["0x12"], threshold=1), "bls_groups.desk.keys.0.public: '0x12' is no BLS key; give 0x and 256"),
        (group(keys=[KEYS[0][2:]], threshold=1), "is no BLS key; give 0x and 256 hexadecimal digits"),
        (group(keys=["0x" + "zz" * 128], threshold=1), "is no BLS key; give 0x and 256 hexadecimal digits"),
        (group(keys=[moved(KEYS[0])], threshold=1), "is no BLS key: not on the curve; copy it again"),
        (group(keys=["0x" + "00" * 128], threshold=1), "is no BLS key: not on the curve; copy it again"),
        (group(keys=[f"0x{FIELD:0128x}{2:0128x}"], threshold=1), "a coordinate is not below the field's modulus"),
        (
            {"keys": [{"public": KEYS[0], "proof": PROOF[:-2]}], "threshold": 1},
            "keys.0.proof: '0x0000000000…0000' is no",
        ),
        ({"keys": [{"proof": PROOF}], "threshold": 1}, "missing key 'bls_groups.desk.keys.0.public'"),
    ],
)
def test_load_config__bad_bls_group__one_line_that_names_it(refused, desk, complaint):
    found = refused(with_group(desk))
    assert complaint in found and len(found.splitlines()) == 1


def test_load_config__signer_that_is_no_group__is_named(refused):
    complaint = refused(lambda data: data["universes"]["majors"]["signers"].append("desk"))
    assert "universes.majors.signers: 'desk' is neither an address nor one of bls_groups []" in complaint


@pytest.mark.parametrize("name", ["0xdesk", "Desk", ""])
def test_load_config__bls_group_that_could_be_an_address__is_refused(refused, name):
    assert f"bls_groups.{name}" in refused(lambda data: data.update(bls_groups={name: group()}))


# -- When an asset may be traded


def trading(**terms: Any) -> Any:
    """A change that gives WETH, whose heartbeat is 4,200 seconds, these terms."""
    return lambda data: data["feeds"]["WETH"].update(trading_window=terms)


def test_load_config__trading_age_no_tighter_than_the_heartbeat__refused(refused):
    assert "trading_window.max_age 4200 is no tighter than the heartbeat 4200; lower it" in refused(
        trading(max_age=4200)
    )


def test_load_config__traded_asset_without_a_trading_age__refused(refused):
    def change(data):
        for name in ("WETH", "WBTC"):
            del data["feeds"][name]["trading_window"]

    assert (
        "portfolios.majors: nothing says how old the prices of ['WBTC', 'WETH'] may be when it trades; give their "
        "feeds a trading_window with a max_age below the heartbeat" in refused(change)
    )


def test_load_config__settlement_without_a_trading_age__refused(refused):
    def change(data):
        del data["feeds"]["USDC"]["trading_window"]

    assert "nothing says how old the prices of ['USDC'] may be when it trades" in refused(change)


def test_load_config__share_of_an_asset_without_a_trading_age__refused(refused):
    """A share's price is as old as the price of the asset under it."""

    def change(data):
        data["assets"]["DAI"] = "0x6B175474E89094C44Da98b954EedeAC495271d0F"
        data["feeds"]["DAI"] = {"aggregator": data["assets"]["DAI"], "heartbeat": 60, "min_price": 0.9, "max_price": 2}
        data["optimizers"]["dollars"]["asset"] = "DAI"
        data["universes"]["majors"]["assets"].append("dollars")
        data["portfolios"]["majors"]["assets"].append("dollars")

    assert "nothing says how old the prices of ['DAI'] may be when it trades" in refused(change)


def test_load_config__hours_without_a_trading_age__refused(refused):
    hours = {"opens": "14:30", "closes": "20:00", "days": ["mon"]}
    assert "missing key 'feeds.WETH.trading_window.max_age'" in refused(trading(hours=hours))


def test_load_config__feed_that_no_portfolio_trades__needs_no_trading_age():
    data = yaml.safe_load((EXAMPLES / "example.yaml").read_text())
    del data["feeds"]["WBTC"]["trading_window"]
    data["portfolios"]["majors"]["assets"] = ["WETH"]
    data["portfolios"]["majors"]["limits"]["max_weight"] = 10_000
    assert Config.model_validate(data).feeds["WBTC"].trading_window is None


@pytest.mark.parametrize("time", ["25:00", "14:60", "9:30", "noon", "24:01"])
def test_load_config__no_time_of_day__refused(refused, time):
    hours = {"opens": time, "closes": "20:00", "days": ["mon"]}
    assert f"{time!r} is no time of day; write hours and minutes of UTC, such as 14:30" in refused(
        trading(max_age=60, hours=hours)
    )


def test_load_config__closes_before_it_opens__refused(refused):
    hours = {"opens": "20:00", "closes": "14:30", "days": ["mon"]}
    assert "closes at minute 870, before it opens at 1200; a day ends at 24:00" in refused(
        trading(max_age=60, hours=hours)
    )


def test_trading_window__time_without_quotes__is_the_same_minute():
    """YAML reads it as a number to the base of 60."""
    raw = yaml.safe_load("{max_age: 60, hours: {opens: 14:30, closes: 24:00, days: [sat]}}")
    assert TradingWindow.model_validate(raw).as_tuple() == (60, 870, 1440, 0b0100000)
