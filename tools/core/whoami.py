"""Caller: who am I here, and what may I do?"""

from datetime import datetime

from policies.gate.contract import Answer, Arguments, Call, tool


class Nothing(Arguments):
    """No arguments."""


class WhoAmI(Answer):
    """The calling agent as the server sees it."""

    agent: str
    acts_for: str
    tenant: str
    scopes: list[str]
    locale: str
    time_zone: str
    now: datetime

    def text(self) -> str:
        """One line."""
        return (
            f"Agent {self.agent} of {self.tenant}, acting for {self.acts_for}. "
            f"Scopes: {', '.join(self.scopes)}."
        )


@tool("cyberos.whoami", title="Who am I", answer=WhoAmI)
async def TOOL(call: Call, arguments: Nothing) -> WhoAmI:
    """Say which agent this is, for whom it acts, and what it may do.

    Use this first in a conversation, or when a call was refused for a missing scope.
    Returns tenant, person, scopes, language, time zone and the server's time.
    """
    caller = call.principal
    return WhoAmI(
        agent=caller.name,
        acts_for=caller.person_name,
        tenant=caller.tenant_name,
        scopes=sorted(caller.scopes),
        locale=caller.locale,
        time_zone=str(caller.zone),
        now=call.at,
    )
