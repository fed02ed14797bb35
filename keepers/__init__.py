"""Quantera keepers: the software that watches, models, signs and sends. The chain bounds what it can do.

Two bots a portfolio, each a process of its own:

    quantera run risk --config keeper.yaml        # posts covariance models, trips and recovers
    quantera run rebalance --config keeper.yaml   # decides once for each posted model

`quantera --help` shows a keeper.yaml, `quantera keys new` makes keys. Both bots may share a store and a
sender. Each decision is a JSON line on standard output and a row of the table `decisions`. Whoever has to
wait for one:

    from keepers.bots.names import rebalance_bot, rebalance_key
    from keepers.store import Store

    store = Store.open("sqlite:///keeper.sqlite")
    decision = store.decision(rebalance_bot("demo"), rebalance_key(portfolio_address, model_nonce))

`decision.outcome` is "done", "nothing", "refused", "failed" or "superseded"; None means not yet decided. Time
is the chain's: a day's close counts as known from 21:00 UTC of the newest block's clock, and rows of the
price file after that day are not looked at.
"""

__version__ = "0.1.0"
