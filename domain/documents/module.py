"""Documents as a module: what was filed stays as it is, for as long as the law says."""

from domain.documents import audit, settings
from domain.documents.tables import Document
from domain.documents.triggers import OF_AN_ACTION
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import append_only

MODULE = Module(
    name="documents",
    uses=("vn",),
    tables={
        Document: Stored(
            guards=(append_only(), OF_AN_ACTION), grants={Role.EXECUTOR: Grant(insert=True)}
        ),
    },
    settings=(settings.ACCOUNTING_YEAR_END,),
    laws=(audit.filed_for_good,),
)
