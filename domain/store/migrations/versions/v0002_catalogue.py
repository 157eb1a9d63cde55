"""The whole catalogue of the CRM: what the tools beyond the first ones need to remember."""

from alembic import op

from domain.store.migrations.script import run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From revision 0001 to revision 0002."""
    connection = op.get_bind()
    run_script(connection, "0002", "tables")
    run_script(connection, "0002", "guards")


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
