"""Pauses; time series by month, or as a hypertable where TimescaleDB is there."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MONTH_SECONDS = 30 * 86_400
"""Length of a hypertable's chunk, whose time is a number."""

_FIRST = "date_trunc('month', to_timestamp(at) AT TIME ZONE 'UTC')"
_MONTHS = f"""
    SELECT DISTINCT to_char({_FIRST}, '"series_"YYYYMM') AS name,
        extract(epoch FROM {_FIRST})::bigint AS first,
        extract(epoch FROM {_FIRST} + interval '1 month')::bigint AS after
    FROM series_default
"""
_PARTITIONS = """
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'series'::regclass AND c.relname <> 'series_default'
"""


def upgrade() -> None:
    """Creates the table of pauses, and moves measurements to where they belong."""
    op.create_table(
        "pauses",
        sa.Column("bot", sa.String(64), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    if _exists("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'"):
        _rebuild("")
        chunk = f"chunk_time_interval => {MONTH_SECONDS}::bigint"
        op.execute(f"SELECT create_hypertable('series', 'at', {chunk}, migrate_data => true)")
    else:
        _split()


def downgrade() -> None:
    """All measurements in the default partition again; pauses are forgotten: every bot goes on."""
    op.drop_table("pauses")
    if op.get_bind().dialect.name != "postgresql":
        return
    if _exists("SELECT 1 FROM pg_class WHERE oid = 'series'::regclass AND relkind = 'p'"):
        _join()
    else:
        _rebuild("PARTITION BY RANGE (at)")


def _split() -> None:
    """Moves rows from the default partition into one partition per month."""
    connection = op.get_bind()
    months = connection.execute(sa.text(_MONTHS)).mappings().all()
    op.execute("ALTER TABLE series DETACH PARTITION series_default")
    for month in months:
        bounds = f"FROM ({month['first']}) TO ({month['after']})"
        op.execute(f"CREATE TABLE {month['name']} PARTITION OF series FOR VALUES {bounds}")
    op.execute("INSERT INTO series SELECT * FROM series_default")
    op.execute("TRUNCATE series_default")
    op.execute("ALTER TABLE series ATTACH PARTITION series_default DEFAULT")


def _join() -> None:
    """Moves rows from one partition per month into the default partition."""
    names = list(op.get_bind().execute(sa.text(_PARTITIONS)).scalars())
    op.execute("ALTER TABLE series DETACH PARTITION series_default")
    for name in names:
        op.execute(f"INSERT INTO series_default SELECT * FROM {name}")
        op.execute(f"DROP TABLE {name}")
    op.execute("ALTER TABLE series ATTACH PARTITION series_default DEFAULT")


def _rebuild(partitioned: str) -> None:
    """Copies the rows into a table of another kind: PostgreSQL does not change a table's kind."""
    op.execute(f"CREATE TABLE series_new (LIKE series INCLUDING DEFAULTS) {partitioned}")
    op.execute("ALTER TABLE series_new ADD PRIMARY KEY (bot, name, at)")
    if partitioned:
        op.execute("CREATE TABLE series_new_default PARTITION OF series_new DEFAULT")
    op.execute("INSERT INTO series_new SELECT * FROM series")
    op.execute("DROP TABLE series CASCADE")
    op.execute("ALTER TABLE series_new RENAME TO series")
    if partitioned:
        op.execute("ALTER TABLE series_new_default RENAME TO series_default")


def _exists(query: str) -> bool:
    return op.get_bind().execute(sa.text(query)).scalar() is not None
