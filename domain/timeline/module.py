"""Timeline: what happened, newest first, told by every module."""

from domain.store.descriptor import Module

MODULE = Module(
    name="timeline",
    uses=(
        "accounts",
        "activities",
        "approvals",
        "deals",
        "identity",
        "pipelines",
    ),
)
