"""Caller: who am I here, and what may I do?"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from domain.kernel.clock import instant
from policies.gate.contract import Arguments, Call, tool
from tools.shapes import View

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Nothing(Arguments):
    """No arguments."""


class WhoAmI(View):
    """The calling agent as the server sees it."""

    agent: str
    acts_for: str
    tenant: str
    scopes: list[str]
    locale: str
    time_zone: str
    now: datetime
    today: date
    weekday: str

    def text(self) -> str:
        """Who and for whom, when and where, and what may be done."""
        now = instant(self.now, ZoneInfo(self.time_zone))
        return (
            f"Agent {self.agent} of {self.tenant}, acting for {self.acts_for}.\n"
            f"Now {now}, {self.weekday} {self.today}, {self.time_zone}. Language {self.locale}.\n"
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
        today=call.day,
        weekday=_WEEKDAYS[call.day.weekday()],
    )
