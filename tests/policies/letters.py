"""A tool for tests that reaches outside: it sends a letter that cannot be taken back.

The post office below is the outside world: it delivers, declines, loses answers, or is asked later
what became of a letter. It knows letters by the idempotency key, as a good provider does.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
from pydantic import Field

from domain.kernel.faults import Fault, Kind
from policies.gate import floor
from policies.gate.catalogue import Catalogue, ToolPolicy
from policies.gate.contract import (
    Answer,
    Arguments,
    Call,
    Declined,
    Delivered,
    HandedOver,
    Order,
    Outside,
    Proposal,
    Tool,
    people_tool,
)
from policies.gate.display import Display, DisplayField
from policies.gate.registry import LazyRegistry

TOOL_ID = "cyberos.test.send_letter"
ROW = ToolPolicy.model_validate(
    {
        "id": TOOL_ID,
        "scope": "crm.close",
        "effect": "destructive",
        "open_world": True,
        "confirm": "always",
        "slots": [{"slot": "am", "roles": ["am"]}, {"slot": "cfo", "roles": ["cfo"]}],
        "self": "obo",
        "assurance": 3,
        "ttl_minutes": 60,
    }
)


class LostAnswer(Exception):
    """The line went dead: the letter may or may not have been taken."""


@dataclass
class PostOffice:
    """The outside world. `delivered` counts letters that really left, by idempotency key."""

    delivered: Counter[str] = field(default_factory=Counter)
    calls: list[str] = field(default_factory=list)
    behaviour: str = "deliver"
    versions: dict[str, int] = field(default_factory=dict)
    recorded: Counter[str] = field(default_factory=Counter)

    async def take(self, order: Order, outside: Outside) -> Delivered | Declined | HandedOver:
        self.calls.append(order.idempotency_key)
        match self.behaviour:
            case "decline":
                return Declined("PROVIDER_DECLINED")
            case "not_sent" | "refuse":
                code = "POST_NOT_SENT" if self.behaviour == "not_sent" else "POST_REFUSED"
                raise Fault(code, Kind.UNAVAILABLE, "The post office took nothing.")
            case "hang":
                await anyio.sleep_forever()
                raise LostAnswer
            case "hand_over":
                return HandedOver("queue-7")
            case "lose_before":
                raise LostAnswer
            case "lose_after":
                self.delivered[order.idempotency_key] += 1
                raise LostAnswer
            case _:
                self.delivered[order.idempotency_key] += 1
                return Delivered(f"letter-{order.action_id}")

    async def know(
        self, order: Order, outside: Outside
    ) -> Delivered | Declined | HandedOver | None:
        match self.behaviour:
            case "silent":
                raise LostAnswer
            case "not_sent":
                raise Fault("POST_NOT_SENT", Kind.UNAVAILABLE, "Nobody could be asked.")
            case "hand_over":
                return HandedOver("queue-7")
            case "decline":
                return Declined("PROVIDER_DECLINED")
        if self.delivered[order.idempotency_key]:
            return Delivered(f"letter-{order.action_id}")
        return None


class Letter(Arguments):
    """What to send."""

    letter_id: str = Field(pattern="^[0-9A-HJKMNP-TV-Z]{26}$")
    body: str = "Xin chào"
    note_to_approver: str | None = None


class Sent(Answer):
    """It left."""

    letter_id: str


def letter_tool(office: PostOffice) -> Tool:
    """The tool over this post office."""

    async def propose(call: Call, arguments: Letter) -> Proposal:
        """Send a letter, for tests only; it cannot be taken back once it has left."""
        return Proposal(
            entity_type="letter",
            entity_id=arguments.letter_id,
            entity_version=office.versions.get(arguments.letter_id, 1),
            shown={"body": arguments.body},
            effects=[{"kind": "letter", "body": arguments.body}],
            display=Display(
                outcome={"vi": "Gửi thư", "en": "Send a letter"},
                counterparty=DisplayField({"vi": "Người nhận", "en": "To"}, arguments.letter_id),
            ),
            facts={},
        )

    async def execute(call: Call, arguments: Letter) -> Sent:
        office.recorded[arguments.letter_id] += 1
        return Sent(letter_id=arguments.letter_id)

    return people_tool(
        TOOL_ID,
        title="Send a letter",
        propose=propose,
        execute=execute,
        deliver=office.take,
        inquire=office.know,
    )


class WithLetters(LazyRegistry):
    """The shipped tools and this one."""

    def __init__(self, office: PostOffice) -> None:
        super().__init__()
        self.letters = letter_tool(office)

    def names(self) -> Any:
        return [*super().names(), self.letters.name]

    def get(self, tool_id: str) -> Tool | None:
        return self.letters if tool_id == TOOL_ID else super().get(tool_id)


def without_the_outside(registry: WithLetters) -> WithLetters:
    """The same tool with all its effects in the database."""
    registry.letters = replace(registry.letters, deliver=None, inquire=None)
    return registry


def catalogue(row: ToolPolicy = ROW) -> Catalogue:
    """The shipped rows about approvals, and this tool's."""
    shipped = floor.load_checked()
    core = [one for one in shipped.tool if one.scope == "core.read"]
    return Catalogue(version=shipped.version, tool=(*core, row))
