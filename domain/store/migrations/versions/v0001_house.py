"""The house: tables, triggers and search."""

from alembic import op

from domain.store.migrations.script import run_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From nothing to revision 0001."""
    connection = op.get_bind()
    run_script(connection, "0001", "tables")
    run_script(connection, "0001", "guards")


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
