"""The only room that talks to a database: cursors, decisions and the journal of signed transactions."""

from keepers.store.store import Cursor, Decision, Store, StoreError

__all__ = ["Cursor", "Decision", "Store", "StoreError"]
