"""The signal that settings name, and the fallback where it cannot decide. No I/O."""

from __future__ import annotations

from collections.abc import Callable

from keepers.rebalancing.settings import RebalanceSettings
from keepers.signals.errors import SignalError
from keepers.signals.regimes.forecast import RegimeModel
from keepers.signals.signal import Advice, Fallback, MomentumSignal, Observed, RegimeSignal, Signal


def signal_of(settings: RebalanceSettings, regime_model: Callable[[], RegimeModel]) -> Signal:
    """The signal that settings enable; the portfolio's own strategy where they enable none.

    Args:
        settings: Settings of the bot.
        regime_model: Called for the model of the regime, where the settings follow one.

    Raises:
        SignalError: If `regime_model` raises it.
    """
    if settings.regime.enabled:
        return RegimeSignal(settings.model, regime_model(), settings.regime.calm, settings.regime.turbulent)
    if settings.momentum.enabled:
        found = settings.momentum
        return MomentumSignal(settings.model, found.scale, found.lookback_days, found.skip_days)
    if settings.construction.enabled:
        from keepers.rebalancing.construction import ConstructionSignal

        built = settings.construction
        return ConstructionSignal(
            settings.model, built.method, built.lookback_days, built.max_weight, settings.risk_aversion
        )
    return Fallback(settings.model)


def advise(
    settings: RebalanceSettings,
    regime_model: Callable[[], RegimeModel],
    observed: Callable[[], Observed],
    fell_back: Callable[[SignalError], None],
) -> Advice:
    """Advice of the signal that settings enable, or of the fallback where that cannot decide.

    The fallback signs under its own name: what an auditor reads is what decided.

    Args:
        settings: Settings of the bot.
        regime_model: Called for the model of the regime, where the settings follow one.
        observed: Called for the closes, where a signal reads any.
        fell_back: Called with the reason for which the fallback advises.

    Raises:
        KeeperError: If `observed` raises one other than a SignalError.
    """
    if not settings.follows_signal:
        return Fallback(settings.model).advise()
    try:
        return signal_of(settings, regime_model).advise(observed())
    except SignalError as error:
        fell_back(error)
        return Fallback(settings.strategy).advise()
