"""keeper.yaml: what a keeper is told.

Paths are relative to the file they stand in.
"""

from __future__ import annotations

from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, ValidationError, field_validator, model_validator

from keepers.compliance.kyc.settings import KycSettings
from keepers.errors import KeeperError
from keepers.market.settings import PriceSettings
from keepers.rebalancing.settings import RebalanceSettings
from keepers.risk.alert_settings import AlertSettings
from keepers.risk.model_terms import ModelName, ModelTerms
from keepers.schema import Positive, Strict, YamlError
from keepers.yamlfile import Unreadable, read_mapping

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Hours = Annotated[float, Field(gt=0, le=100_000)]


class ConfigError(KeeperError):
    """A config that cannot be used: file and key, reason, remedy."""

    EXIT_CODE = 2


class KmsKey(Strict):
    """A key in AWS KMS of spec ECC_SECG_P256K1; credentials are AWS's own business."""

    key_id: str
    region: str | None = None
    endpoint_url: str | None = None


class VaultSettings(Strict):
    """A Vault server, entered with a token file, or with an AppRole's id and secret id file."""

    url: str
    token_file: Path | None = None
    role_id: str | None = None
    secret_id_file: Path | None = None
    namespace: str | None = None
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        role = self.role_id is not None and self.secret_id_file is not None
        if (self.token_file is not None) == role:
            raise ValueError("give either token_file, or role_id and secret_id_file")
        return self


class VaultKey(VaultSettings):
    """A key in a secret of Vault's KV version 2: 64 hex digits in one field."""

    mount: str = "secret"
    path: str
    field: str = "private_key"
    version: int | None = Field(default=None, ge=1)


class VaultPassphrase(VaultSettings):
    """A passphrase that Vault's transit engine encrypted with `key`; the file holds "vault:v1:…"."""

    mount: str = "transit"
    key: str
    ciphertext_file: Path


class Key(Strict):
    """A key: an encrypted keystore, an Ape account, a key in AWS KMS, or one in Vault.

    Without `passphrase_file`, `passphrase_fd` and `passphrase_vault` the passphrase of a keystore or account is
    asked for on the terminal.
    """

    keystore: Path | None = None
    ape_account: str | None = None
    kms: KmsKey | None = None
    vault: VaultKey | None = None
    passphrase_file: Path | None = None
    passphrase_fd: int | None = Field(default=None, ge=0)
    passphrase_vault: VaultPassphrase | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if _given(self.keystore, self.ape_account, self.kms, self.vault) != 1:
            raise ValueError("give either keystore or ape_account or kms or vault")
        passphrases = _given(self.passphrase_file, self.passphrase_fd, self.passphrase_vault)
        if passphrases > 1:
            raise ValueError("give either passphrase_file or passphrase_fd or passphrase_vault")
        if passphrases and (self.kms is not None or self.vault is not None):
            raise ValueError("kms and vault take no passphrase")
        return self


class Keys(Strict):
    """The key that sends, and the keys that sign models and signals; a keeper without a portfolio needs no signers.

    `claim_issuer` signs ONCHAINID claims for `kyc.issuer`, and nothing else.
    """

    sender: Key
    signers: tuple[Key, ...] = Field(default=(), min_length=1)
    claim_issuer: Key | None = None

    @field_validator("signers")
    @classmethod
    def _each_once(cls, signers: tuple[Key, ...]) -> tuple[Key, ...]:
        for number, signer in enumerate(signers):
            if signer in signers[:number]:
                raise ValueError(f"number {number + 1} is a key that stands there already; a quorum counts each once")
        return signers


class PrivateRelay(Strict):
    """A relay that transactions go to before the mempool; see keepers.transactions.routes.

    `blocks` is the maximum number of blocks that it may try for. `fallback` says how to go on then: "public" shows the
    same transaction to everyone, "cancel" uses its nonce up. `identity` signs the requests; the default is the
    sender's key.
    """

    url: str
    kind: Literal["transaction", "bundle"] = "transaction"
    blocks: int = Field(default=25, ge=1)
    fallback: Literal["public", "cancel"] = "public"
    identity: Key | None = None


class _Renewed(Strict):
    """A report that expires and is posted again `renew_hours` before it does."""

    enabled: bool = True
    lifetime_hours: Hours
    renew_hours: Hours

    @model_validator(mode="after")
    def _renews_in_life(self) -> Self:
        if self.renew_hours >= self.lifetime_hours:
            raise ValueError(f"renew_hours {self.renew_hours} is not below lifetime_hours {self.lifetime_hours}")
        return self


class Reports(_Renewed):
    """Risk reports: how long one counts, how many paths it simulates, which scenarios it is stressed by.

    The first one obliges: when a report lapses, the chain degrades the portfolio's state. `scenarios` is a table such
    as keepers/risk/scenarios.yaml, which counts where none is given.
    """

    lifetime_hours: Positive = 36.0
    renew_hours: Positive = 12.0
    paths: int = Field(default=50_000, ge=1000, le=1_000_000)
    scenarios: Path | None = None


class Depth(_Renewed):
    """Depth reports: a day's depth is what pools pay for an asset until its price there has fallen by `fall_bps`.

    Posted again before it expires, and when it has changed by more than `change_bps` of the last; looked at every
    `look_minutes`.
    """

    lifetime_hours: Positive = 72.0
    renew_hours: Positive = 24.0
    fall_bps: Annotated[int, Field(ge=1, lt=10_000)] = 200
    change_bps: Annotated[int, Field(ge=1, lt=10_000)] = 2000
    look_minutes: Annotated[float, Field(gt=0, le=1e6)] = 10.0


class RiskRecords(Strict):
    """The record of a portfolio's risk, a row for each block that the risk bot looks at.

    Rows are kept for `retention_days`; the summaries of days stay.
    """

    retention_days: Annotated[int, Field(ge=2, le=36_500)] = 90


class Risk(Strict):
    """How covariance is estimated, how fat its tails are taken, and for how long a model counts.

    `model` names volatilities and correlations: docs/risk-models.md. "ewma" takes its place where there are fewer than
    500 observations; `halflife_days` and `shrinkage`, what the covariance is shrunk towards (keepers.risk.covariance),
    are the latter's. `tails` are "student", fitted to the returns, or "normal".
    """

    model: ModelName = "garch dcc"
    halflife_days: Annotated[float, Field(gt=0, le=100_000)] = 30.0
    min_observations: int = Field(default=60, ge=2)
    history_days: int = Field(default=1000, ge=2)
    shrinkage: Literal["constant-correlation", "identity"] = "constant-correlation"
    model_lifetime_hours: Hours = 96.0
    tails: Literal["student", "normal"] = "student"
    reports: Reports = Reports()
    depth: Depth = Depth()
    records: RiskRecords = RiskRecords()
    alerts: AlertSettings = AlertSettings()

    @property
    def terms(self) -> ModelTerms:
        """How a model is estimated, as the risk room's own type."""
        return ModelTerms(
            self.model, self.halflife_days, self.min_observations, self.history_days, self.shrinkage, self.tails
        )

    @model_validator(mode="after")
    def _history_is_long_enough(self) -> Self:
        if self.min_observations > self.history_days:
            what = f"min_observations {self.min_observations} is above history_days {self.history_days}"
            raise ValueError(f"{what}: there would never be enough")
        return self


class Claims(Strict):
    """Settings of the refresh, by `run all`, of identities whose claims were revoked.

    All are looked at every `look_minutes`, and whenever an issuer revokes.
    """

    enabled: bool = False
    look_minutes: Annotated[float, Field(gt=0, le=1e6)] = 60.0


class Sanctions(Strict):
    """Settings of the bot that brings the chain's sanctions list to the accepted lists.

    It looks at them every `look_minutes`, and whenever one is accepted. A batch costs at most `max_gas`, and what a
    publisher removed is lifted `lift_delay_hours` after a second officer approved it.
    """

    enabled: bool = False
    look_minutes: Annotated[float, Field(gt=0, le=15)] = 5.0  # The alert about a stale list asks for 15 minutes.
    max_gas: int = Field(default=8_000_000, ge=200_000, le=16_777_216)
    lift_delay_hours: Annotated[float, Field(ge=0, le=10_000)] = 24.0


class Execution(Strict):
    """Settings of the bot that sells orders slice by slice.

    A slice is planned at one block, sent at most `snapshot_blocks` blocks later, and refused by the chain
    `slice_lifetime_seconds` after that block. It goes over at most `max_paths` paths. With `commit_reveal` the account
    commits to a slice first, with the bond of OrderCommitments, and reveals it when the contract allows it.
    """

    enabled: bool = False
    max_paths: int = Field(default=4, ge=1, le=16)
    snapshot_blocks: int = Field(default=3, ge=0, le=64)
    slice_lifetime_seconds: int = Field(default=120, ge=1, le=86_400)
    commit_reveal: bool = False


class Training(Strict):
    """Settings of the bot that has a network trained each week, as a challenger.

    `signals` is the file that `quantera signals retrain` takes, and `models` the folder with a folder for each week. A
    week is trained from `hour_utc` of `weekday` on; a training is ended after `timeout_minutes`, and one that failed is
    tried again after `retry_hours`.
    """

    enabled: bool = False
    signals: Path | None = None
    models: Path = Path("models")
    weekday: Weekday = "monday"
    hour_utc: int = Field(default=5, ge=0, le=23)
    timeout_minutes: Annotated[float, Field(gt=0, le=10_080)] = 240.0
    retry_hours: Annotated[float, Field(gt=0, le=168)] = 6.0

    @property
    def day_number(self) -> int:
        """Days from Monday to the weekday."""
        return get_args(Weekday).index(self.weekday)

    @model_validator(mode="after")
    def _has_data(self) -> Self:
        if self.enabled and self.signals is None:
            raise ValueError("enabled needs signals, the file that `quantera signals retrain --config` takes; add it")
        return self


class WrappingKmsKey(Strict):
    """A symmetric key in AWS KMS that wraps the key of a folder of evidence; credentials are AWS's own business."""

    key_id: str
    region: str | None = None
    endpoint_url: str | None = None


class WrappingVaultKey(VaultSettings):
    """A key of Vault's transit engine, of an AEAD type, that wraps the key of a folder of evidence."""

    mount: str = "transit"
    key: str


class EvidenceWrapping(Strict):
    """The service that has the key of a folder of evidence, instead of a passphrase."""

    kms: WrappingKmsKey | None = None
    vault: WrappingVaultKey | None = None

    @model_validator(mode="after")
    def _one_service(self) -> Self:
        if _given(self.kms, self.vault) != 1:
            raise ValueError("give either kms or vault")
        return self


class Ipfs(Strict):
    """A node of IPFS (Kubo) that has the objects of evidence; the first line of `authorization_file` is the header."""

    url: str = "http://127.0.0.1:5001"
    authorization_file: Path | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0


class TravelParty(Strict):
    """A counterparty of the travel rule: its base address, and the file of its public keys."""

    url: str
    keys: Path


class TravelRule(Strict):
    """The desk's side of the travel rule.

    Parties are known to each other by one name each: `name` is ours, the keys of `parties` are theirs. `url` is where
    the counterparties reach `travel serve`, which listens at `host` and `port` behind whatever ends TLS.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
    legal_name: Annotated[str, Field(pattern=r"^[ -~]{1,100}$")]
    lei: Annotated[str, Field(pattern=r"^([0-9A-Z]{18}[0-9]{2})?$")] = ""
    url: str
    keys: Path
    host: str = "127.0.0.1"
    port: int = Field(default=8743, ge=0, le=65_535)
    expiry_hours: Annotated[float, Field(gt=0, le=720)] = 24.0
    parties: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")], TravelParty] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _no_party_is_ours(self) -> Self:
        if self.name in self.parties:
            raise ValueError(f"{self.name} is both name and one of parties")
        return self


class DeskFiles(Strict):
    """The compliance desk's register of people and their ownership, screened with every import of a list.

    With `chain` the holders of every token and the wallets of their ONCHAINIDs are read as well. `evidence` is the
    folder of documents; `passphrase_file` or `wrapping` opens it, and with `ipfs` its objects are on that node.
    `travel` is for the travel rule.
    """

    people: Path | None = None
    ownership: Path | None = None
    chain: bool = True
    evidence: Path | None = None
    passphrase_file: Path | None = None
    wrapping: EvidenceWrapping | None = None
    ipfs: Ipfs | None = None
    travel: TravelRule | None = None


class MetricsPort(Strict):
    """The address that /metrics, /healthz and /readyz are served at; without it they are not served.

    A bot that has not looked at the chain for `patience_seconds` counts as hung.
    """

    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65_535)
    patience_seconds: Positive = 300.0


class Config(Strict):
    """A keeper's configuration.

    Attributes:
        path: File that it was read from.
        rpc_url: Node, http:// or https://.
        fallback_rpc_urls: Asked where `rpc_url` does not answer, in order.
        ws_urls: ws:// or wss://, which tell of new blocks; without any, or while they are down, the node is polled.
        chain_id: Expected.
        deployment: deployments/<network>.json.
        store: Database URL.
        portfolio: Name in the deployment; with keys.signers it may be left out where claims, sanctions, kyc,
            execution or training are enabled.
        prices: Sources of daily closes; without any, the rounds of the deployment's feeds.
        max_fee_gwei: Maximum fee per unit of gas.
        max_spend_eth_per_day: Maximum that the sender may spend in any 24 hours; there is no limit by default.
        private_relay: Tried before the mempool, if there is one.
        confirmations: Blocks on top of an event or a receipt before it counts.
        finality_blocks: Blocks that a reorganisation may take back; older ones are no longer watched.
        max_log_range: Maximum number of blocks per log query.
        lease_seconds: Time for which a replica that died keeps the others out.
        poll_seconds: Time between looks for a new block or receipt.
        replace_after_seconds: Time after which a stuck transaction's fee is raised.
        receipt_timeout_seconds: Time after which waiting for a receipt counts as a failure.
        max_failures: Failures in a row after which a bot gives up.
        metrics: Address to serve metrics at.
        redis: URL of a Redis that decisions are published to.
    """

    path: Path
    rpc_url: str
    fallback_rpc_urls: tuple[str, ...] = ()
    ws_urls: tuple[str, ...] = ()
    chain_id: int = Field(gt=0, strict=True)
    deployment: Path
    store: str = "sqlite:///keeper.sqlite"
    portfolio: str = ""
    prices: PriceSettings = PriceSettings()
    keys: Keys
    risk: Risk = Risk()
    rebalance: RebalanceSettings = RebalanceSettings()
    claims: Claims = Claims()
    sanctions: Sanctions = Sanctions()
    execution: Execution = Execution()
    training: Training = Training()
    desk: DeskFiles = DeskFiles()
    kyc: KycSettings = KycSettings()
    max_fee_gwei: Annotated[float, Field(gt=0, le=1e6)] = 100.0
    max_spend_eth_per_day: Annotated[Decimal, Field(gt=0, le=10**9)] | None = None
    private_relay: PrivateRelay | None = None
    confirmations: int = Field(default=0, ge=0, le=64)
    finality_blocks: int = Field(default=64, ge=1, le=1024)
    max_log_range: int = Field(default=2000, ge=1)
    lease_seconds: Annotated[float, Field(ge=1, le=3600)] = 15.0
    poll_seconds: Annotated[float, Field(ge=0.01, le=3600)] = 1.0
    replace_after_seconds: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    receipt_timeout_seconds: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    max_failures: int = Field(default=8, ge=1)
    log: Literal["json", "text"] = "json"
    metrics: MetricsPort | None = None
    redis: str | None = None

    @field_validator("store")
    @classmethod
    def _lasts(cls, store: str) -> str:
        if store in ("sqlite://", "sqlite:///") or (store.startswith("sqlite:") and ":memory:" in store):
            raise ValueError(f"{store} is kept in memory, and a keeper that starts again would act twice; name a file")
        return store

    @field_validator("redis")
    @classmethod
    def _is_of_redis(cls, redis: str | None) -> str | None:
        if redis is not None and not redis.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("not a redis://, rediss:// or unix:// address")
        return redis

    def at(self, path: Path) -> Path:
        """A path of the file, made absolute."""
        return self.path.parent.resolve() / path.expanduser()

    @model_validator(mode="after")
    def _can_verify(self) -> Self:
        if self.kyc.enabled:
            needed = {
                "keys.claim_issuer": self.keys.claim_issuer,
                "desk.people": self.desk.people,
                "desk.evidence": self.desk.evidence,
                "desk.passphrase_file": self.desk.passphrase_file or self.desk.wrapping,
            }
            missing = [name for name, value in needed.items() if value is None]
            if missing:
                raise ValueError(f"kyc.enabled needs {missing[0]}; add it")
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """The bots that it describes."""
        alone = ("claims", "sanctions", "kyc", "execution", "training")
        enabled = tuple(kind for kind in alone if getattr(self, kind).enabled)
        return (*(("risk", "rebalance") if self.portfolio else ()), *enabled)

    @property
    def store_url(self) -> str:
        """The database URL with the path of an SQLite file made absolute."""
        prefix = "sqlite:///"
        if self.store.startswith(prefix):
            return prefix + str(self.at(Path(self.store.removeprefix(prefix))))
        return self.store


def load_config(path: str | Path, *, officer: bool = False) -> Config:
    """Reads a config.

    Args:
        path: File of the config.
        officer: True for commands that run no bot, such as an officer's: the config need not describe one.

    Raises:
        ConfigError: One line naming the file, the key, the reason and a remedy.
    """
    file = Path(path)
    try:
        raw = read_mapping(file)
    except YamlError as error:
        remedy = "name a config file with --config" if isinstance(error, Unreadable) else error.remedy
        raise ConfigError(file, error.reason, remedy) from None
    if "path" in raw:
        raise ConfigError(f"{file}: path", "unknown key", "remove it or correct its spelling")
    try:
        config = Config.model_validate({**raw, "path": file})
    except ValidationError as error:
        raise _first_fault(file, error) from None
    given = {
        "portfolio": bool(config.portfolio),
        "keys.signers": bool(config.keys.signers),
    }
    # All or, for who looks after none of a portfolio, none.
    missing = [key for key, there in given.items() if not there]
    alone = not set(config.kinds) <= {"risk", "rebalance"}
    if missing and not officer and (not alone or len(missing) < len(given)):
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise ConfigError(f"{file}: {missing[0]}", "missing" + more, f"add {missing[0]}")
    return config


def _given(*settings: object) -> int:
    return sum(setting is not None for setting in settings)


def _known_keys(part: type[Strict]) -> set[str]:
    """The keys of a part of a config, and of the parts within it."""
    inner = [kind for field in part.model_fields.values() for kind in _parts_in(field.annotation)]
    return set(part.model_fields).union(*map(_known_keys, inner))


def _parts_in(annotation: object) -> list[type[Strict]]:
    """The parts of a config that a field may hold."""
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return [annotation]
    return [kind for argument in get_args(annotation) for kind in _parts_in(argument)]


def _first_fault(file: Path, error: ValidationError) -> ConfigError:
    """One fault in one line; its value is not shown, for it could be a secret in the wrong place."""
    faults = error.errors(include_input=False, include_url=False)
    fault: Any = faults[0]
    key = ".".join(str(part) for part in fault["loc"]) or "file"
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(str(fault["loc"][-1]), _known_keys(Config), n=1)
        reason, remedy = "unknown key", f"did you mean {near[0]}?" if near else "remove it or correct its spelling"
    elif fault["type"] == "missing":
        reason, remedy = "missing", f"add {key}"
    else:
        reason, remedy = str(fault["msg"]).removeprefix("Value error, "), "correct the value"
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return ConfigError(f"{file}: {key}", reason + more, remedy)
