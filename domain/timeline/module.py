"""Timeline: what happened, newest first, told by every module."""

from domain.store.descriptor import Module
from domain.timeline import asked

MODULE = Module(
    name="timeline",
    uses=("accounts", "approvals", "deals", "identity"),
    timeline=(asked.ACTIONS, asked.DECISIONS),
)
