"""The company as a seller, as a module."""

from domain.company import audit
from domain.company.tables import SellerProfile
from domain.store.descriptor import Module, Stored
from domain.store.guards import append_only

MODULE = Module(
    name="company",
    uses=(
        "identity",
        "vn",
    ),
    tables={
        SellerProfile: Stored(
            guards=(append_only(),), ungranted="an operator records it with `cyberos company`"
        )
    },
    laws=(audit.profiles_were_recorded,),
)
