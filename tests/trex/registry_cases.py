"""The cases of T-REX's registries: identities, their storage, trusted issuers and claim topics.

One contract is all four here; `storage` is the registry, seen through IIdentityRegistryStorage.
"""

from __future__ import annotations

from tests.trex.cases import CasesOf, Difference
from tests.trex.suite import TOPIC, Suite

UNAUTHORIZED = "AccessManagedUnauthorized"
INITIALIZED = "InvalidInitialization"
UNSUPPORTED = "IdentityRegistry__Unsupported"
NO_ACCOUNT, NO_IDENTITY = "IdentityRegistry__ZeroAccount", "IdentityRegistry__ZeroIdentity"
NOT_REGISTERED = "IdentityRegistry__NotRegistered"
UNKNOWN_ISSUER = "IdentityRegistry__UnknownIssuer"
TOO_MANY_TOPICS = "IdentityRegistry__TooManyTopics"
NOT_BOUND = "IdentityRegistryStorage__NotBound"
MOST_ISSUERS, MOST_TOPICS, MOST_REGISTRIES = 16, 15, 32

identities = CasesOf("identity-registry")

identities.refusals(
    {
        "init: again: refused": ("registry", "initialize", ("zero",), "officer", INITIALIZED),
        "updateIdentity: not an agent: refused": (
            "registry", "updateIdentity", ("bob", "charlie's identity"), "another", UNAUTHORIZED,
        ),
        "updateCountry: not an agent: refused": ("registry", "updateCountry", ("bob", 100), "another", UNAUTHORIZED),
        "deleteIdentity: not an agent: refused": ("registry", "deleteIdentity", ("bob",), "another", UNAUTHORIZED),
        "registerIdentity: not an agent: refused": (
            "registry", "registerIdentity", ("zero", "zero", 0), "another", UNAUTHORIZED,
        ),
        "setIdentityRegistryStorage: not the owner: refused": (
            "registry", "setIdentityRegistryStorage", ("zero",), "another", UNSUPPORTED,
        ),
        "setClaimTopicsRegistry: not the owner: refused": (
            "registry", "setClaimTopicsRegistry", ("zero",), "another", UNSUPPORTED,
        ),
        "setTrustedIssuersRegistry: not the owner: refused": (
            "registry", "setTrustedIssuersRegistry", ("zero",), "another", UNSUPPORTED,
        ),
    }
)  # fmt: skip


for _argument in ("trusted issuers registry", "claim topics registry", "identity storage"):

    @identities.absent(f"init: address zero for the {_argument}: refused")
    def _(suite: Suite) -> None:
        suite.lacks("registry", "init")


for _setter in ("setIdentityRegistryStorage", "setClaimTopicsRegistry", "setTrustedIssuersRegistry"):

    @identities.differs(f"{_setter}: the owner: sets it", Difference.ONE_REGISTRY)
    def _(suite: Suite, setter: str = _setter) -> None:
        suite.refused(suite.call("registry", setter, "david"), suite["officer"], UNSUPPORTED)
        for view in ("identityStorage", "issuersRegistry", "topicsRegistry"):
            suite.equals("registry", "registry", view)


def _expects_until_refreshed(suite: Suite) -> None:
    """Asserts that alice is verified until anyone refreshes her verdict."""
    suite.equals(True, "registry", "isVerified", "alice")
    suite.act("registry", "refresh", "alice", by="another")
    suite.equals(False, "registry", "isVerified", "alice")


@identities.differs("isVerified: no topic is required: true", Difference.CLOSED)
def _(suite: Suite) -> None:
    suite.register("charlie", 0)
    suite.equals(False, "registry", "isVerified", "charlie")
    suite.act("registry", "removeClaimTopic", TOPIC)
    suite.act("registry", "refresh", "charlie", by="another")
    suite.equals(False, "registry", "isVerified", "charlie")


@identities.differs("isVerified: nobody is trusted for the topic: false", Difference.CACHED)
def _(suite: Suite) -> None:
    suite.act("registry", "removeTrustedIssuer", "claim issuer")
    _expects_until_refreshed(suite)


@identities.differs("isVerified: the claim was revoked: false", Difference.CACHED)
def _(suite: Suite) -> None:
    suite.act("claim issuer", "revokeClaimBySignature", suite.claims["alice"].signature)
    _expects_until_refreshed(suite)


@identities.same("isVerified: an issuer fails, another claim is valid: true")
def _(suite: Suite) -> None:
    tricky, claim = suite.deploy_tricky_issuer(), suite.claims["alice"]
    suite.act("registry", "removeTrustedIssuer", "claim issuer")
    suite.act("registry", "addTrustedIssuer", tricky, [TOPIC])
    suite.act("registry", "addTrustedIssuer", "claim issuer", [TOPIC])
    suite.remove_claim("alice", claim)
    suite.add_claim("alice", type(claim)(tricky, b"\0", b"\0"))
    suite.add_claim("alice", claim)
    suite.act("registry", "refresh", "alice", by="another")
    suite.equals(True, "registry", "isVerified", "alice")


@identities.differs("isVerified: an issuer fails, no other claim is valid: false", Difference.CACHED)
def _(suite: Suite) -> None:
    tricky, claim = suite.deploy_tricky_issuer(), suite.claims["alice"]
    suite.act("registry", "addTrustedIssuer", tricky, [TOPIC])
    suite.remove_claim("alice", claim)
    suite.add_claim("alice", type(claim)(tricky, b"\0", b"\0"))
    _expects_until_refreshed(suite)


# -- Storage

storage = CasesOf("identity-registry-storage")


storage.refusals(
    {
        "init: again: refused": ("registry", "initialize", ("zero",), "officer", INITIALIZED),
        "addIdentityToStorage: not an agent: refused": (
            "storage", "addIdentityToStorage", ("charlie", "charlie's identity", 42), "another", UNAUTHORIZED,
        ),
        "addIdentityToStorage: no identity: refused": (
            "storage", "addIdentityToStorage", ("charlie", "zero", 42), "agent", NO_IDENTITY,
        ),
        "addIdentityToStorage: address zero: refused": (
            "storage", "addIdentityToStorage", ("zero", "charlie's identity", 42), "agent", NO_ACCOUNT,
        ),
        "addIdentityToStorage: already stored: refused": (
            "storage", "addIdentityToStorage", ("bob", "charlie's identity", 42), "agent",
            "IdentityRegistry__AlreadyRegistered",
        ),
        "modifyStoredIdentity: not an agent: refused": (
            "storage", "modifyStoredIdentity", ("charlie", "charlie's identity"), "another", UNAUTHORIZED,
        ),
        "modifyStoredIdentity: no identity: refused": (
            "storage", "modifyStoredIdentity", ("charlie", "zero"), "agent", NO_IDENTITY,
        ),
        "modifyStoredIdentity: address zero: refused": (
            "storage", "modifyStoredIdentity", ("zero", "charlie's identity"), "agent", NOT_REGISTERED,
        ),
        "modifyStoredIdentity: not stored: refused": (
            "storage", "modifyStoredIdentity", ("charlie", "charlie's identity"), "agent", NOT_REGISTERED,
        ),
        "modifyStoredInvestorCountry: not an agent: refused": (
            "storage", "modifyStoredInvestorCountry", ("charlie", 42), "another", UNAUTHORIZED,
        ),
        "modifyStoredInvestorCountry: address zero: refused": (
            "storage", "modifyStoredInvestorCountry", ("zero", 42), "agent", NOT_REGISTERED,
        ),
        "modifyStoredInvestorCountry: not stored: refused": (
            "storage", "modifyStoredInvestorCountry", ("charlie", 42), "agent", NOT_REGISTERED,
        ),
        "removeIdentityFromStorage: not an agent: refused": (
            "storage", "removeIdentityFromStorage", ("charlie",), "another", UNAUTHORIZED,
        ),
        "removeIdentityFromStorage: address zero: refused": (
            "storage", "removeIdentityFromStorage", ("zero",), "agent", NOT_REGISTERED,
        ),
        "removeIdentityFromStorage: not stored: refused": (
            "storage", "removeIdentityFromStorage", ("charlie",), "agent", NOT_REGISTERED,
        ),
        "bindIdentityRegistry: not the owner: refused": (
            "storage", "bindIdentityRegistry", ("charlie's identity",), "another", UNAUTHORIZED,
        ),
        "bindIdentityRegistry: address zero: refused": (
            "storage", "bindIdentityRegistry", ("zero",), "officer", NO_ACCOUNT,
        ),
        "unbindIdentityRegistry: not the owner: refused": (
            "storage", "unbindIdentityRegistry", ("charlie's identity",), "another", UNAUTHORIZED,
        ),
        "unbindIdentityRegistry: address zero: refused": (
            "storage", "unbindIdentityRegistry", ("zero",), "officer", NOT_BOUND,
        ),
        "unbindIdentityRegistry: not bound: refused": (
            "storage", "unbindIdentityRegistry", ("charlie's identity",), "officer", NOT_BOUND,
        ),
    }
)  # fmt: skip


@storage.same("bindIdentityRegistry: as many as there may be: refused")
def _(suite: Suite) -> None:
    for serial in range(MOST_REGISTRIES):
        suite.act("storage", "bindIdentityRegistry", suite.account(serial))
    call = suite.call("storage", "bindIdentityRegistry", "charlie's identity")
    suite.refused(call, suite["officer"], "IdentityRegistryStorage__TooManyRegistries")


@storage.same("unbindIdentityRegistry: bound: unbinds it")
def _(suite: Suite) -> None:
    suite.act("storage", "bindIdentityRegistry", "charlie's identity")
    suite.act("storage", "bindIdentityRegistry", "bob's identity")
    receipt = suite.act("storage", "unbindIdentityRegistry", "charlie's identity")
    suite.emits(receipt, "storage", "IdentityRegistryUnbound", "charlie's identity")
    suite.equals([suite["registry"], suite["bob's identity"]], "storage", "linkedIdentityRegistries")


# -- Trusted issuers

issuers = CasesOf("trusted-issuers-registry")
SIXTEEN = list(range(16))

issuers.refusals(
    {
        "addTrustedIssuer: not the owner: refused": (
            "registry", "addTrustedIssuer", ("another", [10]), "another", UNAUTHORIZED,
        ),
        "addTrustedIssuer: address zero: refused": (
            "registry", "addTrustedIssuer", ("zero", [10]), "officer", NO_ACCOUNT,
        ),
        "addTrustedIssuer: already there: refused": (
            "registry", "addTrustedIssuer", ("claim issuer", [TOPIC]), "officer", "IdentityRegistry__KnownIssuer",
        ),
        "addTrustedIssuer: no topics: refused": (
            "registry", "addTrustedIssuer", ("david", []), "officer", "IdentityRegistry__NoTopics",
        ),
        "addTrustedIssuer: sixteen topics: refused": (
            "registry", "addTrustedIssuer", ("david", SIXTEEN), "officer", TOO_MANY_TOPICS,
        ),
        "removeTrustedIssuer: not the owner: refused": (
            "registry", "removeTrustedIssuer", ("another",), "another", UNAUTHORIZED,
        ),
        "removeTrustedIssuer: address zero: refused": (
            "registry", "removeTrustedIssuer", ("zero",), "officer", UNKNOWN_ISSUER,
        ),
        "removeTrustedIssuer: not there: refused": (
            "registry", "removeTrustedIssuer", ("david",), "officer", UNKNOWN_ISSUER,
        ),
        "updateIssuerClaimTopics: not the owner: refused": (
            "registry", "updateIssuerClaimTopics", ("another", [10]), "another", UNAUTHORIZED,
        ),
        "updateIssuerClaimTopics: address zero: refused": (
            "registry", "updateIssuerClaimTopics", ("zero", [10]), "officer", UNKNOWN_ISSUER,
        ),
        "updateIssuerClaimTopics: not there: refused": (
            "registry", "updateIssuerClaimTopics", ("david", [10]), "officer", UNKNOWN_ISSUER,
        ),
        "updateIssuerClaimTopics: sixteen topics: refused": (
            "registry", "updateIssuerClaimTopics", ("claim issuer", SIXTEEN), "officer", TOO_MANY_TOPICS,
        ),
        "updateIssuerClaimTopics: no topics: refused": (
            "registry", "updateIssuerClaimTopics", ("claim issuer", []), "officer", "IdentityRegistry__NoTopics",
        ),
        "getTrustedIssuerClaimTopics: not there: refused": (
            "registry", "getTrustedIssuerClaimTopics", ("david",), "officer", UNKNOWN_ISSUER,
        ),
    }
)  # fmt: skip


@issuers.same("addTrustedIssuer: as many as there may be: refused")
def _(suite: Suite) -> None:
    for serial in range(MOST_ISSUERS - 1):
        suite.act("registry", "addTrustedIssuer", suite.account(serial), [10])
    call = suite.call("registry", "addTrustedIssuer", "david", [10])
    suite.refused(call, suite["officer"], "IdentityRegistry__TooManyIssuers")


@issuers.same("removeTrustedIssuer: there: removes it")
def _(suite: Suite) -> None:
    for name, topics in {"bob": [66, 100, 10], "another": [10, 42], "charlie": [42, 66, 10]}.items():
        suite.act("registry", "addTrustedIssuer", name, topics)
    suite.equals(True, "registry", "isTrustedIssuer", "another")
    receipt = suite.act("registry", "removeTrustedIssuer", "another")
    suite.emits(receipt, "registry", "TrustedIssuerRemoved", "another")
    suite.equals(False, "registry", "isTrustedIssuer", "another")
    suite.equals(["claim issuer", "bob", "charlie"], "registry", "getTrustedIssuers")


@issuers.same("updateIssuerClaimTopics: there: updates them")
def _(suite: Suite) -> None:
    receipt = suite.act("registry", "updateIssuerClaimTopics", "claim issuer", [66, 100])
    suite.emits(receipt, "registry", "ClaimTopicsUpdated", "claim issuer", [66, 100])
    for topic, has in {66: True, 100: True, TOPIC: False}.items():
        suite.equals(has, "registry", "hasClaimTopic", "claim issuer", topic)
    suite.equals([66, 100], "registry", "getTrustedIssuerClaimTopics", "claim issuer")


# -- Claim topics

topics = CasesOf("claim-topics-registry")


@topics.same("addClaimTopic: a sixteenth topic: refused")
def _(suite: Suite) -> None:
    for topic in range(MOST_TOPICS - 1):
        suite.act("registry", "addClaimTopic", topic)
    suite.refused(suite.call("registry", "addClaimTopic", MOST_TOPICS), suite["officer"], TOO_MANY_TOPICS)


@topics.same("addClaimTopic: already there: refused")
def _(suite: Suite) -> None:
    suite.act("registry", "addClaimTopic", 1)
    suite.refused(suite.call("registry", "addClaimTopic", 1), suite["officer"], "IdentityRegistry__KnownTopic")


@topics.same("removeClaimTopic: there: removes it")
def _(suite: Suite) -> None:
    for topic in (1, 2, 3):
        suite.act("registry", "addClaimTopic", topic)
    suite.emits(suite.act("registry", "removeClaimTopic", 2), "registry", "ClaimTopicRemoved", 2)


topics.refusals(
    {
        "init: again: refused": ("registry", "initialize", ("zero",), "officer", INITIALIZED),
        "addClaimTopic: not the owner: refused": ("registry", "addClaimTopic", (1,), "another", UNAUTHORIZED),
        "removeClaimTopic: not the owner: refused": ("registry", "removeClaimTopic", (1,), "another", UNAUTHORIZED),
    }
)
