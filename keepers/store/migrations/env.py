"""Runs migrations on the connection that the store gives."""

from alembic import context

from keepers.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
