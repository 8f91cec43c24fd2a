"""Runs the migrations on the connection that `control.database` passes in; there is no ini file."""

from alembic import context

from amalimart.control.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
