"""Lead scores: which deals look good, and why?"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from domain.insight import lead_scores
from domain.insight.lead_score_rules import ENOUGH_ENDED, Feature, History
from domain.insight.lead_scores import ScoredDeal
from policies.gate.contract import Call, tool
from tools.crm.views import lines, locale_of, viewer
from tools.shapes import Ask, Id, View, untrusted_in_each

_REASONS: Mapping[Feature, tuple[str, str]] = {
    Feature.RECENCY: ("lần liên hệ gần nhất", "latest contact"),
    Feature.SIZE: ("giá trị so với các cơ hội đã thắng", "amount against what was won"),
    Feature.VERTICAL: ("kết quả trong ngành", "how the industry went"),
    Feature.WIN_RATE: ("kết quả với khách hàng này", "how this account went"),
    Feature.BOUNDS: ("giữ điểm trong khoảng 0-100", "kept between 0 and 100"),
}
_HISTORY: Mapping[History, tuple[str, str]] = {
    History.TOO_FEW: (
        f"Lịch sử chưa đủ {ENOUGH_ENDED} cơ hội đã kết thúc: chưa tính ngành và khách hàng.",
        f"Fewer than {ENOUGH_ENDED} ended deals: industry and account do not count yet.",
    ),
    History.ALL_WON: (
        "Mọi cơ hội đã kết thúc đều thắng: lịch sử không cho biết điều gì làm mất cơ hội.",
        "Every deal that ended was won: history cannot tell what loses one.",
    ),
    History.ALL_LOST: (
        "Mọi cơ hội đã kết thúc đều thua: lịch sử không cho biết điều gì giúp thắng.",
        "Every deal that ended was lost: history cannot tell what wins one.",
    ),
}


class LeadScoreQuery(Ask):
    """Of which deal, or of how many."""

    deal_id: Id | None = Field(default=None, description="Only this one; left out: the best.")
    limit: Annotated[int, Field(ge=1, le=200)] = Field(default=20, description="How many at most.")


class ReasonView(View):
    """Signed points; base and all points add up to the score."""

    feature: str
    points: int
    why: str
    contact_on: date | None = None
    won: int | None = None
    ended: int | None = None


class ScoreView(View):
    """The score of an open deal, in force since the night of `scored_on`."""

    deal_id: str
    name: str
    score: int | None = None
    band: str | None = None
    base: int | None = None
    reasons: list[ReasonView] | None = None
    scored_on: date | None = None
    note: str | None = None

    leads = ("deal_id", "name")


class LeadScores(View):
    """Open deals with their scores, best first."""

    scores: list[ScoreView]
    scored_until: date | None = Field(default=None, description="The last night that was scored.")
    truncated: bool = False
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A line for each, its reasons under it."""
        said = lines(self.scores, "No open deal fits.", self.truncated)
        return f"{said}\nScored until {self.scored_until or 'no night yet'}."


@tool("cyberos.crm.lead_score", title="Show lead scores", answer=LeadScores)
async def TOOL(call: Call, arguments: LeadScoreQuery) -> LeadScores:
    """Show how good open deals look, 0 to 100, with signed reasons that add up to the score.

    Use this to choose among deals, or to explain a score. It is no probability: for what to do
    about a deal ask crm_next_best_action.
    Scores are made every night from contacts, amount, industry and account; a deal of today has
    none yet.
    Returns deals, best first, with base, points and band (hot from 70, warm from 40, cold).
    """
    vietnamese = locale_of(call.principal) == "vi"
    found = await lead_scores.shown(call.tx, viewer(call.principal), deal_id=arguments.deal_id)
    page = [_view(one, vietnamese) for one in found.deals[: arguments.limit]]
    return LeadScores(
        scores=page,
        scored_until=found.night,
        truncated=len(found.deals) > len(page),
        untrusted_fields=untrusted_in_each("scores", page, ("name",)),
    )


def _view(one: ScoredDeal, vietnamese: bool) -> ScoreView:
    made = one.score
    if made is None:
        return ScoreView(
            deal_id=one.deal.id,
            name=one.deal.name,
            note="Chưa chấm điểm; điểm có sau mỗi đêm." if vietnamese else "Not scored yet.",
        )
    words = _HISTORY.get(History(made.history))
    return ScoreView(
        deal_id=one.deal.id,
        name=one.deal.name,
        score=made.score,
        band=made.band,
        base=made.base,
        reasons=[_reason(reason, vietnamese) for reason in made.reasons],
        scored_on=made.scored_on,
        note=words[0 if vietnamese else 1] if words is not None else None,
    )


def _reason(reason: Mapping[str, Any], vietnamese: bool) -> ReasonView:
    why = _REASONS[Feature(reason["feature"])][0 if vietnamese else 1]
    day = reason.get("contact_on")
    return ReasonView(
        feature=reason["feature"],
        points=reason["points"],
        why=why,
        contact_on=date.fromisoformat(day) if day is not None else None,
        won=reason.get("won"),
        ended=reason.get("ended"),
    )
