"""The schema that all tables belong to, and the migration that makes them."""

from __future__ import annotations

from sqlalchemy import MetaData

HEAD = "0016"
"""The newest migration."""

metadata = MetaData()
