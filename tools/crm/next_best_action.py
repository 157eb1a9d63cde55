"""Next best actions: what should be done next?"""

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from domain.insight import next_actions
from domain.insight.next_actions import Proposed
from domain.insight.next_actions_rules import Suggestion, best_of_each
from domain.kernel.counting import counted
from domain.kernel.money import Locale
from policies.gate.contract import Call, tool, wire_name
from tools.crm.next_action_words import arguments_of, effect_of, reason_of, stake_of, tool_of
from tools.crm.views import locale_of, viewer
from tools.shapes import Ask, Id, View


class NextActionQuery(Ask):
    """About which deal, and how many."""

    deal_id: Id | None = Field(
        default=None, description="All for this deal; left out: the best for each deal."
    )
    limit: Annotated[int, Field(ge=1, le=50)] = Field(default=10, description="How many at most.")


class ActionView(View):
    """A call that can be made as it stands."""

    id: str
    rule: str
    deal_id: str
    tool: str
    arguments: dict[str, Any]
    reason: str
    evidence: list[str]
    expected_effect: str
    value_at_stake_minor: int
    currency: str
    expires_at: datetime

    def text(self) -> str:
        """Why, and the call as it can be made; under it what it rests on."""
        called = json.dumps(self.arguments, ensure_ascii=False)
        rest = self.telling(but=("reason", "tool", "arguments", "expected_effect"))
        return f"{self.reason} -> {self.tool} {called}\n   {rest}\n   {self.expected_effect}"


class NextActions(View):
    """What is proposed, most at stake first."""

    actions: list[ActionView]
    summary: str
    deals_reviewed: int
    truncated: bool = False
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A sentence, then a line for each."""
        listed = (f"{n}. {one.text()}" for n, one in enumerate(self.actions, start=1))
        more = ["(there are more: raise limit, or ask about one deal)"] if self.truncated else []
        reviewed = f"{counted(self.deals_reviewed, 'deal')} reviewed."
        return "\n".join([self.summary, *listed, *more, reviewed])


@tool("cyberos.crm.next_best_action", title="Propose what to do next", answer=NextActions)
async def TOOL(call: Call, arguments: NextActionQuery) -> NextActions:
    """Propose what to do next about open and freshly won deals, most value at stake first.

    Use this to plan a day, or when the user asks what a deal needs. Each proposal names a tool and
    its arguments: show it to the user, then call that tool with them unchanged.
    What is not wanted goes away with crm_dismiss_action. Nothing is done by asking.
    Returns proposals with reason, evidence ids and the value at stake (probability x amount, or
    the amount once won, in minor units).
    """
    locale = locale_of(call.principal)
    found = await next_actions.propose(
        call.tx, viewer(call.principal), on=call.day, deal_id=arguments.deal_id
    )
    chosen = found.actions if arguments.deal_id is not None else best_of_each(found.actions)
    shown = chosen[: arguments.limit]
    return NextActions(
        actions=[
            ActionView(
                id=one.id,
                rule=one.rule.value,
                deal_id=one.deal.id,
                tool=wire_name(tool_of(one)),
                arguments=arguments_of(one, call.day, locale),
                reason=reason_of(one, locale),
                evidence=list(one.evidence),
                expected_effect=effect_of(one, locale),
                value_at_stake_minor=one.stake_minor,
                currency=one.deal.currency,
                expires_at=one.expires_at,
            )
            for one in shown
        ],
        summary=_summary(found, chosen, locale),
        deals_reviewed=found.deals,
        truncated=len(chosen) > len(shown),
        untrusted_fields=["/actions/*/reason"] if shown else [],
    )


def _summary(found: Proposed, chosen: list[Suggestion], locale: Locale) -> str:
    """How many of how many, what the first is worth, and what could not be ranked by worth."""
    vietnamese = locale == "vi"
    if not found.deals:
        return (
            "Không có cơ hội nào đang mở hoặc vừa thắng."
            if vietnamese
            else "There is no open or freshly won deal."
        )
    if not chosen:
        return (
            f"Đã xem {found.deals} cơ hội: chưa có việc gì cần làm ngay."
            if vietnamese
            else f"{counted(found.deals, 'deal')} reviewed: nothing needs doing now."
        )
    said = (
        f"{len(chosen)} đề xuất cho {found.deals} cơ hội."
        if vietnamese
        else f"{counted(len(chosen), 'proposal')} for {counted(found.deals, 'deal')}."
    )
    if chosen[0].vnd_minor:  # else it is the first by its rule, whatever its worth
        most = stake_of(chosen[0], locale)
        said += f" Giá trị lớn nhất: {most}." if vietnamese else f" Most at stake: {most}."
    if found.unrated:
        names = ", ".join(found.unrated)
        said += (
            f" Chưa có tỷ giá {names}: các cơ hội đó xếp sau, theo loại việc."
            if vietnamese
            else f" No rate is known for {names}: those come last, by kind of work."
        )
    return said
