"""Which models may sign."""

import pytest
from eth_utils import keccak

from tests.reverts import reverts

NAME = keccak(text="momentum v2")
HASHES = tuple(keccak(text=part) for part in ("weights", "data", "code"))
SHADOW, LIVE, RETIRED = 1, 2, 3


@pytest.fixture
def shadow(model_registry, manager):
    model_registry.register(NAME, *HASHES, sender=manager)
    return model_registry


@pytest.fixture
def live(shadow, manager):
    shadow.promote(NAME, sender=manager)
    return shadow


def test_register__new__is_in_the_shadow(shadow, chain):
    model = shadow.modelOf(NAME)
    assert (*map(bytes, tuple(model)[:3]), *tuple(model)[3:]) == (*HASHES, SHADOW, chain.blocks.head.timestamp)
    with reverts(shadow.ModelRegistry__NotLive, NAME, SHADOW):
        shadow.requireLive(NAME)


def test_register__taken__reverts(live, manager):
    with reverts(live.ModelRegistry__ModelExists, NAME):
        live.register(NAME, *HASHES, sender=manager)


def test_register__without_code__reverts(model_registry, manager):
    with reverts(model_registry.ModelRegistry__NoCode, NAME):
        model_registry.register(NAME, *HASHES[:2], bytes(32), sender=manager)


def test_promote__shadow__may_sign(live):
    live.requireLive(NAME)


def test_promote__live_already__reverts(live, manager):
    with reverts(live.ModelRegistry__WrongStatus, NAME, LIVE, SHADOW):
        live.promote(NAME, sender=manager)


def test_demote__live__may_sign_no_more_and_come_back(live, manager):
    live.demote(NAME, sender=manager)
    with reverts(live.ModelRegistry__NotLive, NAME, SHADOW):
        live.requireLive(NAME)
    live.promote(NAME, sender=manager)
    live.requireLive(NAME)


def test_retire__live__for_good(live, guardian, manager):
    live.retire(NAME, sender=guardian)
    with reverts(live.ModelRegistry__NotLive, NAME, RETIRED):
        live.requireLive(NAME)
    with reverts(live.ModelRegistry__WrongStatus, NAME, RETIRED, SHADOW):
        live.promote(NAME, sender=manager)
    with reverts(live.ModelRegistry__WrongStatus, NAME, RETIRED, LIVE):
        live.retire(NAME, sender=guardian)
    with reverts(live.ModelRegistry__ModelExists, NAME):
        live.register(NAME, *HASHES, sender=manager)


@pytest.mark.parametrize("function", ["promote", "demote"])
def test_change__unknown__reverts(model_registry, manager, function):
    with reverts(model_registry.ModelRegistry__NoSuchModel, NAME):
        getattr(model_registry, function)(NAME, sender=manager)


def test_retire__unknown__reverts(model_registry, guardian):
    with reverts(model_registry.ModelRegistry__NoSuchModel, NAME):
        model_registry.retire(NAME, sender=guardian)


@pytest.mark.parametrize("function", ["register", "promote", "demote", "retire"])
def test_restricted__thief__reverts(shadow, thief, function):
    arguments = (NAME, *HASHES) if function == "register" else (NAME,)
    with reverts(shadow.AccessManagedUnauthorized, thief):
        getattr(shadow, function)(*arguments, sender=thief)
