"""Alembic environment: the connection is handed over by the runner."""

from alembic import context
from sqlalchemy import MetaData

from domain.store.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    transactional_ddl=True,
    # For the names of constraints alone: revisions are written by hand and say what they make.
    target_metadata=MetaData(naming_convention=Base.metadata.naming_convention),
)
with context.begin_transaction():
    context.run_migrations()
