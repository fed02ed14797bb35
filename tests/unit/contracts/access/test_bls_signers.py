"""I6: a quorum of BLS keys signs as one account."""

import ape
import pytest
from eth_utils import keccak
from py_ecc.optimized_bls12_381 import curve_order

from tests.fixtures.bls import BlsKey, bls_keys, possessed, public_of, together
from tests.reverts import reverts

DIGEST = keccak(text="what is signed")
MAGIC, INVALID = bytes.fromhex("1626ba7e"), b"\xff" * 4
KEYS = bls_keys(4)


@pytest.fixture(scope="session")
def bls_signers(access_manager, map_roles, admin):
    account = admin.deploy(ape.project.BlsSigners, access_manager)
    map_roles("BlsSigners", account)
    return account


@pytest.fixture
def two_of_four(bls_signers, registrar):
    bls_signers.setKeys(*possessed(bls_signers.possessionMessage, KEYS), 2, sender=registrar)
    return bls_signers


@pytest.mark.parametrize("members", [[0, 1], [1, 3], [0, 1, 2, 3]])
def test_is_valid_signature__enough_members__is_the_magic_value(two_of_four, members):
    assert bytes(two_of_four.isValidSignature(DIGEST, together(KEYS, DIGEST, members))) == MAGIC


def test_is_valid_signature__one_short__is_not(two_of_four):
    assert bytes(two_of_four.isValidSignature(DIGEST, together(KEYS, DIGEST, [2]))) == INVALID


def test_is_valid_signature__more_members_named_than_signed__is_not(two_of_four):
    signed = together(KEYS, DIGEST, [2])
    assert bytes(two_of_four.isValidSignature(DIGEST, (0b1100).to_bytes(32, "big") + signed[32:])) == INVALID


def test_is_valid_signature__of_another_digest__is_not(two_of_four):
    signed = together(KEYS, keccak(text="another"), [0, 1])
    assert bytes(two_of_four.isValidSignature(DIGEST, signed)) == INVALID


def test_is_valid_signature__unknown_member__is_not(two_of_four):
    signed = together(KEYS, DIGEST, [0, 1])
    assert bytes(two_of_four.isValidSignature(DIGEST, (0b10011).to_bytes(32, "big") + signed[32:])) == INVALID


def test_is_valid_signature__nobody_and_the_point_at_infinity__is_not(two_of_four):
    assert bytes(two_of_four.isValidSignature(DIGEST, bytes(32 + 256))) == INVALID


@pytest.mark.parametrize("length", [0, 65, 287, 289])
def test_is_valid_signature__wrong_length__is_not(two_of_four, length):
    assert bytes(two_of_four.isValidSignature(DIGEST, b"\1" * length)) == INVALID


def test_is_valid_signature__no_point__never_counts(two_of_four):
    with pytest.raises(ape.exceptions.ContractLogicError):
        two_of_four.isValidSignature(DIGEST, (0b11).to_bytes(32, "big") + b"\1" * 256)


def test_is_valid_signature__before_any_keys__is_not(bls_signers):
    assert bytes(bls_signers.isValidSignature(DIGEST, together(KEYS, DIGEST, [0, 1]))) == INVALID


def test_revoke__guardian__the_key_counts_no_more(two_of_four, guardian):
    two_of_four.revoke(1, sender=guardian)
    assert bytes(two_of_four.isValidSignature(DIGEST, together(KEYS, DIGEST, [0, 1, 2]))) == INVALID
    assert bytes(two_of_four.isValidSignature(DIGEST, together(KEYS, DIGEST, [0, 2]))) == MAGIC
    assert tuple(two_of_four.quorum()) == (4, 2, 0b10)
    with reverts(two_of_four.BlsSigners__AlreadyRevoked, 1):
        two_of_four.revoke(1, sender=guardian)
    with reverts(two_of_four.BlsSigners__NoSuchKey, 4, 4):
        two_of_four.revoke(4, sender=guardian)


def test_set_keys__again__the_old_ones_are_gone(two_of_four, registrar, guardian):
    two_of_four.revoke(1, sender=guardian)
    two_of_four.setKeys(*possessed(two_of_four.possessionMessage, KEYS[1:3]), 1, sender=registrar)
    assert tuple(two_of_four.quorum()) == (2, 1, 0)
    assert bytes(two_of_four.keyAt(0)) == KEYS[1].public
    assert bytes(two_of_four.isValidSignature(DIGEST, together(KEYS, DIGEST, [0, 1]))) == INVALID
    with reverts(two_of_four.BlsSigners__NoSuchKey, 2, 2):
        two_of_four.keyAt(2)


def test_set_keys__made_from_anothers_key__not_possessed(bls_signers, registrar):
    """Rogue key: its holder knows the secret of the sum, not of the key."""
    honest, sum_secret = KEYS[0], KEYS[1].secret
    rogue = public_of((sum_secret - honest.secret) % curve_order)
    proofs = {honest.public: honest, rogue: BlsKey(sum_secret, rogue)}
    ordered = sorted(proofs)
    signed = [proofs[key].sign(bytes(bls_signers.possessionMessage(key))) for key in ordered]
    with reverts(bls_signers.BlsSigners__NotPossessed, ordered.index(rogue)):
        bls_signers.setKeys(b"".join(ordered), b"".join(signed), 2, sender=registrar)


def test_set_keys__proof_for_another_account__not_possessed(bls_signers, registrar, access_manager, admin):
    other = admin.deploy(ape.project.BlsSigners, access_manager)
    with reverts(bls_signers.BlsSigners__NotPossessed, 0):
        bls_signers.setKeys(*possessed(other.possessionMessage, KEYS[:2]), 2, sender=registrar)


def test_set_keys__the_point_at_infinity__unordered(bls_signers, registrar):
    """It would sign for everyone."""
    with reverts(bls_signers.BlsSigners__UnorderedKeys, 0):
        bls_signers.setKeys(bytes(128), bytes(256), 1, sender=registrar)


@pytest.mark.parametrize("order", [[1, 0], [0, 0]])
def test_set_keys__not_ascending__reverts(bls_signers, registrar, order):
    with reverts(bls_signers.BlsSigners__UnorderedKeys, 1):
        bls_signers.setKeys(*possessed(bls_signers.possessionMessage, [KEYS[k] for k in order]), 1, sender=registrar)


@pytest.mark.parametrize("threshold", [0, 3])
def test_set_keys__bad_threshold__reverts(bls_signers, registrar, threshold):
    with reverts(bls_signers.BlsSigners__BadThreshold, threshold, 2):
        bls_signers.setKeys(*possessed(bls_signers.possessionMessage, KEYS[:2]), threshold, sender=registrar)


def test_set_keys__a_proof_too_few__reverts(bls_signers, registrar):
    keys, proofs = possessed(bls_signers.possessionMessage, KEYS[:2])
    with reverts(bls_signers.BlsSigners__WrongProofCount, 1, 2):
        bls_signers.setKeys(keys, proofs[:256], 1, sender=registrar)


def test_set_keys__too_many__reverts(bls_signers, registrar):
    with reverts(bls_signers.BlsSigners__TooManyKeys, 129, 128):
        bls_signers.setKeys(bytes(128 * 129), bytes(256 * 129), 1, sender=registrar)


@pytest.mark.parametrize(("function", "arguments"), [("setKeys", (b"", b"", 1)), ("revoke", (0,))])
def test_restricted__thief__reverts(two_of_four, thief, function, arguments):
    with reverts(two_of_four.AccessManagedUnauthorized, thief):
        getattr(two_of_four, function)(*arguments, sender=thief)


def test_require_quorum__bls_account_in_a_set__signs_with_its_weight(two_of_four, signer_sets, registrar, risk_signer):
    desk = keccak(text="desk of both")
    signer_sets.createSet(desk, [two_of_four, risk_signer], 1, sender=registrar)
    signer_sets.setWeight(desk, two_of_four, 3, sender=registrar)
    signer_sets.setThreshold(desk, 3, sender=registrar)
    signer_sets.requireQuorum(desk, DIGEST, [(str(two_of_four.address), together(KEYS, DIGEST, [0, 3]))])
    with reverts(signer_sets.SignerSets__BadSignature, desk, two_of_four):
        signer_sets.requireQuorum(desk, DIGEST, [(str(two_of_four.address), together(KEYS, DIGEST, [0]))])
