"""The ledger as a module: what is in the books is balanced, and stays as it was written."""

from domain.ledger import audit
from domain.ledger.settings import CHART
from domain.ledger.tables import JournalEntry, JournalLine
from domain.ledger.triggers import BALANCED, COMPLETE, IN_PLACE, ONE_SIDE
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import append_only

# An agent proposes and never posts: the worker and the carrying out of what people signed do.
_POSTS = {Role.EXECUTOR: Grant(insert=True)}

MODULE = Module(
    name="ledger",
    tables={
        JournalEntry: Stored(guards=(append_only(), COMPLETE, BALANCED), grants=_POSTS),
        JournalLine: Stored(guards=(append_only(), ONE_SIDE, IN_PLACE), grants=_POSTS),
    },
    scopes=("ledger.read",),
    settings=(CHART,),
    laws=(
        audit.entries_are_balanced,
        audit.entries_were_told,
        audit.entries_have_their_sources,
        audit.lines_have_heads,
    ),
)
