"""The claims bot: what an issuer took back stops counting, once, and nobody drains its purse."""

from __future__ import annotations

from typing import Any

import pytest

from keepers.bots.claims import LIAR_REST_SECONDS
from keepers.rpc.errors import NodeRefused, NodeUnreachable
from keepers.rpc.node import Call, Node
from keepers.runtime.invocation import Invocation
from scripts._lib.artifacts import artifact
from scripts._lib.transactions import deploy
from tests.fixtures.claim_issuer import CLAIM_KEY, ClaimIssuer
from tests.fixtures.compliance import ACCREDITED_TOPIC, AML_TOPIC, KYC_TOPIC, signed_claim, signer_key
from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import claims_config, later, refreshes, sent, started

RETAIL, ACCREDITED = 1, 2


@pytest.fixture
def claim_issuer(world: World) -> ClaimIssuer:
    return ClaimIssuer(world)


def two_faced(claim_issuer: ClaimIssuer) -> tuple[Any, str]:
    """A registered identity that has its claims when it is called, and none when it is asked."""
    world = claim_issuer.world
    identity = deploy(world.w3, world.owner, artifact("TwoFacedIdentity"))
    for topic in (KYC_TOPIC, AML_TOPIC):
        signature, data = signed_claim(identity.address, topic)
        world.call(identity.functions.setClaim((topic, claim_issuer.issuer.address, signature, data)))
    wallet = claim_issuer.register(identity)
    world.call(identity.functions.setLies(True))
    return identity, wallet


def test_claims_bot__claim_revoked__refreshes_that_wallet_once(world: World, claim_issuer: ClaimIssuer) -> None:
    identity, wallet = claim_issuer.admit()
    _, other = claim_issuer.admit()
    with started("claims", claims_config(world)) as bot:
        bot.step()
        assert sent(world, bot) == 0, "what is in order is left alone"
        claim_issuer.revoke(identity, AML_TOPIC)
        assert claim_issuer.verified(wallet), "the registry does not know yet"
        bot.step()
        assert (claim_issuer.verified(wallet), claim_issuer.verified(other)) == (False, True)
        later(world, 3600)
        bot.step()
        assert refreshes(bot) == [("done", "topic 2 no longer valid; retail becomes none")]
        assert sent(world, bot) == 1


def test_claims_bot__optional_claim_revoked__class_falls_and_the_rest_stands(
    world: World, claim_issuer: ClaimIssuer
) -> None:
    identity, wallet = claim_issuer.admit(ACCREDITED_TOPIC)
    with started("claims", claims_config(world)) as bot:
        bot.step()
        assert claim_issuer.class_of(wallet) == ACCREDITED
        claim_issuer.revoke(identity, ACCREDITED_TOPIC)
        bot.step()
        assert claim_issuer.verified(wallet) and claim_issuer.class_of(wallet) == RETAIL


def test_claims_bot__issuer_removes_its_signing_key__refreshes_all_that_it_signed(
    world: World, claim_issuer: ClaimIssuer
) -> None:
    wallets = [claim_issuer.admit()[1] for _ in range(2)]
    with started("claims", claims_config(world)) as bot:
        bot.step()
        world.call(claim_issuer.issuer.functions.removeKey(signer_key(), CLAIM_KEY))
        bot.step()
        assert not any(map(claim_issuer.verified, wallets))


def test_claims_bot__issuer_no_longer_trusted__refreshes_at_once(world: World, claim_issuer: ClaimIssuer) -> None:
    _, wallet = claim_issuer.admit()
    with started("claims", claims_config(world, look_minutes=10_000)) as bot:
        bot.step()
        world.call(claim_issuer.registry.functions.removeTrustedIssuer(claim_issuer.issuer.address))
        bot.step()
        assert not claim_issuer.verified(wallet)
        assert "topic 1 no longer valid; topic 2 no longer valid" in refreshes(bot)[0][1]


def test_claims_bot__topic_no_longer_counts__its_bit_falls(world: World, claim_issuer: ClaimIssuer) -> None:
    _, wallet = claim_issuer.admit(ACCREDITED_TOPIC)
    with started("claims", claims_config(world)) as bot:
        bot.step()
        claim_issuer.decide(claim_issuer.registry.functions.removeClaimTopic(ACCREDITED_TOPIC))
        bot.step()
        assert claim_issuer.class_of(wallet) == RETAIL
        assert refreshes(bot)[0][1].startswith("a topic that no longer counts; accredited becomes retail")


def test_claims_bot__silently_invalid__found_by_the_next_look(world: World, claim_issuer: ClaimIssuer) -> None:
    # The holder takes the claim off its identity: no issuer says anything.
    identity, wallet = claim_issuer.admit()
    with started("claims", claims_config(world, look_minutes=30)) as bot:
        bot.step()
        claim_id = claim_issuer.world.w3.solidity_keccak(
            ["uint256", "uint256"], [int(claim_issuer.issuer.address, 16), 1]
        )
        world.call(identity.functions.removeClaim(claim_id))
        later(world, 20 * 60)
        bot.step()
        assert claim_issuer.verified(wallet)
        later(world, 11 * 60)
        bot.step()
        assert not claim_issuer.verified(wallet)


def test_claims_bot__revoked_while_it_was_down__found_when_it_starts(world: World, claim_issuer: ClaimIssuer) -> None:
    identity, wallet = claim_issuer.admit()
    path = claims_config(world, look_minutes=10_000)
    with started("claims", path) as bot:
        bot.step()
    claim_issuer.revoke(identity, KYC_TOPIC)
    later(world, 60)
    with started("claims", path) as bot:
        bot.step()
        assert not claim_issuer.verified(wallet)


def test_claims_bot__more_claims_than_stands__leaves_it_to_the_holder(world: World, claim_issuer: ClaimIssuer) -> None:
    identity, wallet = claim_issuer.admit()
    claim_issuer.claim(identity, ACCREDITED_TOPIC)
    with started("claims", claims_config(world)) as bot:
        bot.step()
        assert claim_issuer.class_of(wallet) == RETAIL and sent(world, bot) == 0


def test_claims_bot__lapsed_verdict__costs_nothing(world: World, claim_issuer: ClaimIssuer) -> None:
    soon = world.w3.eth.get_block("latest")["timestamp"] + 3600
    identity, wallet = claim_issuer.admit(expiry=soon)
    with started("claims", claims_config(world)) as bot:
        later(world, 3700)
        claim_issuer.revoke(identity, KYC_TOPIC, soon)
        bot.step()
        assert not claim_issuer.verified(wallet) and sent(world, bot) == 0


def test_claims_bot__claimed_again_and_revoked_again__refreshes_again(world: World, claim_issuer: ClaimIssuer) -> None:
    identity, wallet = claim_issuer.admit()
    with started("claims", claims_config(world)) as bot:
        bot.step()
        claim_issuer.revoke(identity, KYC_TOPIC)
        bot.step()
        soon = world.w3.eth.get_block("latest")["timestamp"] + 86_400
        claim_issuer.claim(identity, KYC_TOPIC, soon)
        world.call(claim_issuer.registry.functions.refresh(wallet))
        assert claim_issuer.verified(wallet)
        claim_issuer.revoke(identity, KYC_TOPIC, soon)
        bot.step()
        assert not claim_issuer.verified(wallet)
        assert [outcome for outcome, _ in refreshes(bot)] == ["done", "done"]


def test_claims_bot__registry_of_a_token__is_found_and_looked_after(world: World, claim_issuer: ClaimIssuer) -> None:
    with started("claims", claims_config(world)) as bot:
        bot.step()
        own = claim_issuer.issue_with_own_registry()
        identity = claim_issuer.create_identity(KYC_TOPIC, AML_TOPIC)
        wallet = claim_issuer.register(identity, own)
        bot.step()
        assert claim_issuer.verified(wallet, own)
        claim_issuer.revoke(identity, KYC_TOPIC)
        bot.step()
        assert not claim_issuer.verified(wallet, own)


def test_claims_bot__registry_wallet_and_revocation_before_it_began__found_when_it_starts(
    world: World, claim_issuer: ClaimIssuer
) -> None:
    own = claim_issuer.issue_with_own_registry()
    identity = claim_issuer.create_identity(KYC_TOPIC, AML_TOPIC)
    wallet = claim_issuer.register(identity, own)
    claim_issuer.revoke(identity, KYC_TOPIC)
    with started("claims", claims_config(world, look_minutes=10_000)) as bot:
        bot.step()
        later(world, 12)
        bot.step()
        assert not claim_issuer.verified(wallet, own)


def test_claims_bot__fails_in_the_middle__goes_on_and_troubles_no_liar_again(
    world: World, claim_issuer: ClaimIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_faced(claim_issuer)
    identity, wallet = claim_issuer.admit()
    with started("claims", claims_config(world, look_minutes=10_000)) as bot:
        bot.step()
        claim_issuer.revoke(identity, KYC_TOPIC)
        send = bot.services.sender.send

        def fails(key: str, to: str, data: bytes, *rest: Any) -> Any:
            if wallet[2:].lower() in data.hex():
                raise NodeUnreachable("node", "does not answer", "wait")
            return send(key, to, data, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(bot.services.sender, "send", fails)
            for _ in range(3):
                with pytest.raises(NodeUnreachable):
                    bot.step(1)
                later(world, 12)
            assert sent(world, bot) == 2, "the liar at the start, and once for the revocation"
        bot.step()
        assert not claim_issuer.verified(wallet)


def test_claims_bot__endpoint_that_lags__has_nothing_refreshed_twice(
    world: World, claim_issuer: ClaimIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, _ = claim_issuer.admit()
    with started("claims", claims_config(world)) as bot:
        bot.step()
        claim_issuer.revoke(identity, KYC_TOPIC)
        before = bot.services.node.latest()
        bot.step()
        monkeypatch.setattr(bot.services.node, "latest", lambda: before)
        bot.bot.forget()
        bot.bot.look(Invocation(before, "trace"))
        assert sent(world, bot) == 1


def test_claims_bot__stranger_says_revoked__is_not_listened_to(
    world: World, claim_issuer: ClaimIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim_issuer.admit()
    stranger = claim_issuer.create_issuer()
    with started("claims", claims_config(world, look_minutes=10_000)) as bot:
        bot.step()
        asked: list[str] = []
        monkeypatch.setattr(bot.bot, "_wallets_of", lambda registry: asked.append(registry) or [])
        world.call(stranger.functions.revokeClaimBySignature(b"\x01" * 65))
        bot.step()
        assert not asked


def test_claims_bot__identity_that_lies_to_nodes__costs_one_refresh_a_day(
    world: World, claim_issuer: ClaimIssuer
) -> None:
    _, wallet = two_faced(claim_issuer)
    with started("claims", claims_config(world, look_minutes=1)) as bot:
        for _ in range(4):
            later(world, 3600)
            bot.step()
        assert claim_issuer.verified(wallet) and sent(world, bot) == 1
        ((outcome, reason),) = refreshes(bot)
        assert outcome == "nothing" and "answers otherwise when it is called" in reason
        later(world, LIAR_REST_SECONDS)
        bot.step()
        assert sent(world, bot) == 2


def test_claims_bot__liar_whose_claim_is_revoked__does_not_hide_behind_its_rest(
    world: World, claim_issuer: ClaimIssuer
) -> None:
    identity, wallet = two_faced(claim_issuer)
    with started("claims", claims_config(world)) as bot:
        bot.step()
        assert claim_issuer.verified(wallet)
        claim_issuer.revoke(identity, KYC_TOPIC)
        bot.step()
        assert not claim_issuer.verified(wallet)


def test_claims_bot__identity_that_burns_gas__is_refreshed(world: World, claim_issuer: ClaimIssuer) -> None:
    identity, wallet = claim_issuer.admit()
    lying = deploy(world.w3, world.owner, artifact("LyingIdentity"))
    code = world.w3.eth.get_code(lying.address)
    burn_gas = 1
    with started("claims", claims_config(world)) as bot:
        bot.step()
        world.w3.provider.make_request("anvil_setCode", [identity.address, code.hex()])  # type: ignore[arg-type]
        holder = world.w3.eth.contract(address=identity.address, abi=artifact("LyingIdentity").abi)
        world.call(holder.functions.setTrick(burn_gas))
        later(world, 3700)
        bot.step()
        assert not claim_issuer.verified(wallet) and refreshes(bot)[0][0] == "done"


def test_claims_bot__node_that_cannot_say__refreshes_nobody(
    world: World, claim_issuer: ClaimIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, wallet = claim_issuer.admit()
    with started("claims", claims_config(world)) as bot:
        bot.step()
        claim_issuer.revoke(identity, KYC_TOPIC)
        with monkeypatch.context() as patch:
            patch.setattr(Node, "calls", refusing(Node.calls))
            with pytest.raises(NodeRefused, match="missing trie node"):
                bot.step()
            assert claim_issuer.verified(wallet) and sent(world, bot) == 0
        bot.step()
        assert not claim_issuer.verified(wallet)


def refusing(calls: Any) -> Any:
    """A node that has lost the state of a block for one kind of call."""

    def answered(node: Node, wanted: list[Call], block: Any = "latest") -> list[Any]:
        if any(call.function.name == "readClaim" for call in wanted):
            return [NodeRefused("eth_call", "missing trie node", "see the node's log") for _ in wanted]
        return calls(node, wanted, block)  # type: ignore[no-any-return]

    return answered
