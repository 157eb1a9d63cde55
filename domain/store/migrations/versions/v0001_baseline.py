"""The baseline: every table the program began with."""

from domain.store.migrations import triggers
from domain.store.migrations.baseline import insight, money, people, platform, sales

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From nothing to revision 0001."""
    triggers.prepare(version=1)
    for part in (platform, people, sales, money, insight):
        part.create()


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
