"""Takes webhooks of identity providers: believed ones are written down before they are answered, others leave none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from keepers.compliance.kyc.errors import WebhookRefused
from keepers.compliance.kyc.webhooks import JUMIO, ONFIDO, Hint, jumio_hint, onfido_hint
from keepers.errors import KeeperError
from keepers.providers.opened import WebhookSecrets, webhook_secrets
from keepers.runtime.receiver import Answer, Posted, Take, receiver
from keepers.runtime.services import BotServices
from keepers.store import Store
from keepers.store import verifications as stored

TAKEN, NOT_FOUND, LATER = Answer(200), Answer(404), Answer(503)
_SIGNATURE, _UNTAKEN = "x-sha2-signature", "webhook not written down"


@contextmanager
def hearing(services: BotServices) -> Iterator[int]:
    """Takes webhooks until the block ends; yields the port.

    Raises:
        KeeperError: If a secret cannot be read, or the port is not to be had.
    """
    wanted = services.config.kyc.webhooks
    assert wanted is not None
    log = services.log
    take = taker(services.store, webhook_secrets(services.config), log)
    with receiver(take, wanted.host, wanted.port, lambda why: log.error(_UNTAKEN, reason=why)) as port:
        log.info("takes webhooks", host=wanted.host, port=port)
        yield port


def taker(store: Store, secrets: WebhookSecrets, log: Any) -> Take:
    """Returns what takes a webhook.

    Args:
        store: Database that they are written to.
        secrets: Secrets that they are known by.
        log: structlog logger.
    """

    def take(request: Posted) -> Answer:
        """Believes, writes down, and then answers; whoever is not believed leaves a line and no row."""
        try:
            hint = hinted(request, secrets)
        except WebhookRefused as error:
            log.warning("webhook refused", reason=error.reason)
            return Answer(error.status)
        if hint is None:
            return NOT_FOUND
        try:
            fresh = stored.deliver(store, hint, int(time.time()))
        except KeeperError as error:
            # The provider tries again: nothing is lost while the database is away.
            log.warning(_UNTAKEN, provider=hint.provider, reason=str(error))
            return LATER
        if not fresh:
            log.info("webhook repeated", provider=hint.provider)
        return TAKEN

    return take


def hinted(request: Posted, secrets: WebhookSecrets) -> Hint | None:
    """Returns what is kept of a webhook; None if nothing takes webhooks at its address.

    Raises:
        WebhookRefused: If it is not believed, or cannot be read.
    """
    provider, _, place = request.path.lstrip("/").partition("/")
    if provider == ONFIDO and not place and secrets.onfido is not None:
        return onfido_hint(request.body, request.headers.get(_SIGNATURE, ""), secrets.onfido)
    if provider == JUMIO and secrets.jumio is not None:
        return jumio_hint(request.body, place, secrets.jumio)
    return None
