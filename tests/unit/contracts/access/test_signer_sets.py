"""I6: who counts as a quorum."""

import pytest
from eth_utils import keccak

from tests.fixtures.portfolio import signed
from tests.reverts import reverts

SET = keccak(text="desk")
DIGEST = keccak(text="what is signed")


@pytest.fixture
def two_of_three(signer_sets, create_quorum, risk_signers):
    create_quorum(SET, risk_signers, 2)
    return signer_sets


@pytest.fixture
def wallet(project, admin, risk_signer):
    """A contract account that says what its owner signed."""
    return admin.deploy(project.OwnedWallet, risk_signer)


def test_require_quorum__enough_members__passes(two_of_three, risk_signers):
    two_of_three.requireQuorum(SET, DIGEST, signed(DIGEST, *risk_signers[:2]))


def test_require_quorum__one_short__reverts(two_of_three, risk_signers):
    with reverts(two_of_three.SignerSets__BelowQuorum, SET, 1, 2):
        two_of_three.requireQuorum(SET, DIGEST, signed(DIGEST, risk_signers[0]))


def test_require_quorum__same_signer_twice__reverts(two_of_three, risk_signers):
    (one,) = signed(DIGEST, risk_signers[0])
    with reverts(two_of_three.SignerSets__UnorderedSigners, risk_signers[0], risk_signers[0]):
        two_of_three.requireQuorum(SET, DIGEST, [one, one])


def test_require_quorum__descending_order__reverts(two_of_three, risk_signers):
    with reverts(two_of_three.SignerSets__UnorderedSigners):
        two_of_three.requireQuorum(SET, DIGEST, signed(DIGEST, *risk_signers[:2])[::-1])


def test_require_quorum__stranger_among_them__reverts(two_of_three, risk_signers, thief):
    with reverts(two_of_three.SignerSets__NotASigner, SET, thief):
        two_of_three.requireQuorum(SET, DIGEST, signed(DIGEST, thief, *risk_signers))


def test_require_quorum__signature_of_another_digest__reverts(two_of_three, risk_signers):
    with reverts(two_of_three.SignerSets__BadSignature):
        two_of_three.requireQuorum(SET, DIGEST, signed(keccak(text="another"), *risk_signers[:2]))


def test_require_quorum__contract_whose_owner_signed__passes(signer_sets, create_quorum, wallet, risk_signer):
    create_quorum(SET, [wallet], 1)
    signer_sets.requireQuorum(SET, DIGEST, [(wallet, signed(DIGEST, risk_signer)[0][1])])


def test_require_quorum__contract_whose_owner_did_not__reverts(signer_sets, create_quorum, wallet, thief):
    create_quorum(SET, [wallet], 1)
    with reverts(signer_sets.SignerSets__BadSignature, SET, wallet):
        signer_sets.requireQuorum(SET, DIGEST, [(wallet, signed(DIGEST, thief)[0][1])])


def test_require_quorum__account_that_delegates_to_code__its_own_key_counts(two_of_three, risk_signers, wallet, chain):
    """EIP-7702: the key could end the delegation in the same breath, so the code does not silence it."""
    code = bytes.fromhex("ef0100") + bytes.fromhex(wallet.address[2:])
    chain.provider.set_code(risk_signers[0].address, code)
    two_of_three.requireQuorum(SET, DIGEST, signed(DIGEST, *risk_signers[:2]))


def test_require_quorum__account_that_delegates_to_code__what_the_code_accepts_counts(
    two_of_three, risk_signers, risk_signer, wallet, chain
):
    other = next(signer for signer in risk_signers if signer != risk_signer)
    chain.provider.set_code(other.address, bytes.fromhex("ef0100") + bytes.fromhex(wallet.address[2:]))
    given = [(signer, signed(DIGEST, risk_signer)[0][1]) for signer in risk_signers if signer in (other, risk_signer)]
    two_of_three.requireQuorum(SET, DIGEST, given)


@pytest.mark.parametrize("data", [b"", b"\x01" * 64, b"\x01" * 65, b"\x01" * 66], ids=len)
def test_require_quorum__bytes_that_are_no_signature__reverts(two_of_three, risk_signers, data):
    with reverts(two_of_three.SignerSets__BadSignature, SET, risk_signers[0]):
        two_of_three.requireQuorum(SET, DIGEST, [(risk_signers[0], data)])


def test_require_quorum__unknown_set__reverts(signer_sets, risk_signer):
    unknown = keccak(text="unknown")
    with reverts(signer_sets.SignerSets__NoSuchSet, unknown):
        signer_sets.requireQuorum(unknown, DIGEST, signed(DIGEST, risk_signer))


def test_remove_signer__guardian__acts_at_once(two_of_three, risk_signers, guardian):
    two_of_three.removeSigner(SET, risk_signers[0], sender=guardian)
    with reverts(two_of_three.SignerSets__NotASigner, SET, risk_signers[0]):
        two_of_three.requireQuorum(SET, DIGEST, signed(DIGEST, *risk_signers[:2]))


def test_remove_signer__below_threshold__nothing_passes_any_more(two_of_three, risk_signers, guardian):
    for signer in risk_signers[:2]:
        two_of_three.removeSigner(SET, signer, sender=guardian)
    with reverts(two_of_three.SignerSets__BelowQuorum, SET, 1, 2):
        two_of_three.requireQuorum(SET, DIGEST, signed(DIGEST, risk_signers[2]))


def test_remove_signer__not_a_member__reverts(two_of_three, guardian, thief):
    with reverts(two_of_three.SignerSets__NotASigner, SET, thief):
        two_of_three.removeSigner(SET, thief, sender=guardian)


def test_add_signer__registrar__member_counts(two_of_three, registrar, thief):
    two_of_three.addSigner(SET, thief, sender=registrar)
    assert two_of_three.isSigner(SET, thief)
    assert tuple(two_of_three.quorumOf(SET)) == (4, 2)


def test_add_signer__already_there__reverts(two_of_three, registrar, risk_signers):
    with reverts(two_of_three.SignerSets__SignerExists, SET, risk_signers[0]):
        two_of_three.addSigner(SET, risk_signers[0], sender=registrar)


@pytest.mark.parametrize("threshold", [0, 4])
def test_set_threshold__out_of_range__reverts(two_of_three, registrar, threshold):
    with reverts(two_of_three.SignerSets__BadThreshold, SET, threshold, 3):
        two_of_three.setThreshold(SET, threshold, sender=registrar)


def test_set_threshold__in_range__is_asked_for(two_of_three, registrar, risk_signers):
    two_of_three.setThreshold(SET, 3, sender=registrar)
    with reverts(two_of_three.SignerSets__BelowQuorum, SET, 2, 3):
        two_of_three.requireQuorum(SET, DIGEST, signed(DIGEST, *risk_signers[:2]))


def test_create_set__taken__reverts(two_of_three, registrar, risk_signers):
    with reverts(two_of_three.SignerSets__SetExists, SET):
        two_of_three.createSet(SET, risk_signers, 1, sender=registrar)


@pytest.mark.parametrize("threshold", [0, 4])
def test_create_set__bad_threshold__reverts(signer_sets, registrar, risk_signers, threshold):
    with reverts(signer_sets.SignerSets__BadThreshold, SET, threshold, 3):
        signer_sets.createSet(SET, risk_signers, threshold, sender=registrar)


def test_create_set__zero_address__reverts(signer_sets, registrar):
    with reverts(signer_sets.SignerSets__ZeroSigner, SET):
        signer_sets.createSet(SET, ["0x" + "00" * 20], 1, sender=registrar)


def test_set_weight__registrar__counts_that_much(two_of_three, registrar, risk_signers):
    two_of_three.setWeight(SET, risk_signers[0], 2, sender=registrar)
    two_of_three.requireQuorum(SET, DIGEST, signed(DIGEST, risk_signers[0]))
    assert (two_of_three.weightOf(SET, risk_signers[0]), two_of_three.totalWeight(SET)) == (2, 4)
    with reverts(two_of_three.SignerSets__BelowQuorum, SET, 1, 2):
        two_of_three.requireQuorum(SET, DIGEST, signed(DIGEST, risk_signers[1]))


def test_set_weight__zero__reverts(two_of_three, registrar, risk_signers):
    with reverts(two_of_three.SignerSets__BadWeight, SET, risk_signers[0], 0):
        two_of_three.setWeight(SET, risk_signers[0], 0, sender=registrar)


def test_set_weight__set_could_not_reach_its_threshold__reverts(two_of_three, registrar, risk_signers):
    two_of_three.setWeight(SET, risk_signers[0], 3, sender=registrar)
    two_of_three.setThreshold(SET, 5, sender=registrar)
    with reverts(two_of_three.SignerSets__BadWeight, SET, risk_signers[0], 2):
        two_of_three.setWeight(SET, risk_signers[0], 2, sender=registrar)


def test_set_weight__stranger__reverts(two_of_three, registrar, thief):
    with reverts(two_of_three.SignerSets__NotASigner, SET, thief):
        two_of_three.setWeight(SET, thief, 2, sender=registrar)


def test_remove_signer__heavy_one__takes_its_weight_along(two_of_three, registrar, guardian, risk_signers):
    two_of_three.setWeight(SET, risk_signers[0], 5, sender=registrar)
    two_of_three.removeSigner(SET, risk_signers[0], sender=guardian)
    assert (two_of_three.totalWeight(SET), two_of_three.weightOf(SET, risk_signers[0])) == (2, 0)
    two_of_three.addSigner(SET, risk_signers[0], sender=registrar)
    assert two_of_three.weightOf(SET, risk_signers[0]) == 1


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("createSet", (SET, [], 1)),
        ("addSigner", (SET, "0x" + "11" * 20)),
        ("removeSigner", (SET, "0x" + "11" * 20)),
        ("setThreshold", (SET, 1)),
        ("setWeight", (SET, "0x" + "11" * 20, 2)),
    ],
)
def test_restricted__thief__reverts(two_of_three, thief, function, arguments):
    with reverts(two_of_three.AccessManagedUnauthorized, thief):
        getattr(two_of_three, function)(*arguments, sender=thief)
