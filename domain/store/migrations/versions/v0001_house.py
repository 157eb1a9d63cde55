"""The house: tables, triggers, search, and on PostgreSQL the walls and grants."""

from alembic import op

from domain.store.migrations.script import run_script
from domain.store.migrations.walls import raise_walls

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From nothing to revision 0001."""
    connection = op.get_bind()
    run_script(connection, "0001", "tables")
    run_script(connection, "0001", "guards")
    raise_walls(connection)


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
