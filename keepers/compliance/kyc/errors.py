"""Refusals about identity checks; they name verifications, providers and fields, and never a person."""

from __future__ import annotations

from keepers.compliance.errors import ComplianceError


class KycError(ComplianceError):
    """A verification that does not allow a step, or settings and files that cannot be used."""


class ProviderDown(KycError):
    """A provider that does not work for us now: the work waits.

    Args:
        provider: Name of the provider.
        reason, remedy: Reason and remedy, in a few words.
        seconds: Seconds after which the provider wants to be asked again; None if it does not say.
    """

    def __init__(self, provider: str, reason: str, remedy: str, seconds: float | None = None) -> None:
        super().__init__(provider, reason, remedy)
        self.seconds = seconds


class ProviderRefused(KycError):
    """A request that a provider will never take as it is."""


class CheckNotKnown(KycError):
    """A check or a workflow that a provider does not have, or does not show yet."""


class WebhookRefused(KycError):
    """A webhook that is not believed, or cannot be read.

    Args:
        status: Status of the answer to it.
        reason: Reason, in a few words; nothing of the webhook.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__("webhook", reason, "check the webhook's secret, and who calls")
        self.status = status
