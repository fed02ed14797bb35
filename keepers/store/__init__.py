"""The only room that talks to a database: cursors, decisions, time series, leases, signed transactions."""

from keepers.store.engine import StoreError
from keepers.store.leases import Lease, LeaseLost
from keepers.store.store import Cursor, Decision, Point, SeenBlock, Store

__all__ = ["Cursor", "Decision", "Lease", "LeaseLost", "Point", "SeenBlock", "Store", "StoreError"]
