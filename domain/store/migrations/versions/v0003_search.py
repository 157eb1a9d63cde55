"""Searching a large company on PostgreSQL; SQLite has had the same index since revision 0001."""

from alembic import op

from domain.store.migrations.script import run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From revision 0002 to revision 0003."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        run_script(connection, "0003", "search")


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
