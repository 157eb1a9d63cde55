"""Pipeline board: how does the pipeline stand?"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from domain.deals import board as boards
from domain.deals.board import Board, Card, Column, Worth
from domain.fx.service import USD
from domain.fx.snapshot import Snapshot, snapshot
from domain.kernel.counting import counted
from domain.kernel.money import MAX_JSON_MINOR, Locale, Money
from domain.tasks import board as tasks
from domain.tasks.board import TasksDue
from policies.gate.contract import Call, tool
from tools.crm.views import locale_of, viewer
from tools.shapes import Ask, NamedReference, View


class Show(Ask):
    """Which pipeline, and how much of it."""

    pipeline_id: NamedReference | None = Field(
        default=None, description="Id, code or name; your first one."
    )
    cards: Annotated[int, Field(ge=0, le=50)] = Field(
        default=10, description="How many deals to show in each stage."
    )


class WorthView(View):
    """Sums in one currency; one is left out that no client could read exactly."""

    currency: str
    amount_minor: int | None = None
    weighted_minor: int | None = None
    usd_minor: int | None = None
    weighted_usd_minor: int | None = None

    leads = ("currency", "amount_minor")


class CardView(View):
    """A deal. stagnant: 7, 14 or 30 days without a move or a contact; task_due: its next task."""

    id: str
    name: str
    account_id: str | None = None
    account_name: str
    amount_minor: int
    currency: str
    days_in_stage: int
    stagnant: int | None = None
    next_step_missing: bool | None = None
    task_due: str | None = None

    leads = ("id", "name", "amount_minor")


class StageView(View):
    """A stage with its first deals."""

    stage: str
    stage_name: str
    probability_pct: int
    count: int
    stagnant: int
    totals: list[WorthView]
    deals: list[CardView]
    truncated: bool | None = None

    leads = ("stage", "stage_name")


class BoardView(View):
    """A pipeline, stage by stage."""

    pipeline_id: str
    pipeline: str
    name: str
    stages: list[StageView]
    totals: list[WorthView]
    tasks_due: int | None = None
    truncated: bool = False
    untrusted_fields: list[str] = Field(default_factory=list)
    headline: str = Field(exclude=True)
    lines: list[str] = Field(exclude=True)

    leads = ("name", "pipeline")

    def text(self) -> str:
        """What all come to, then stage by stage with its deals, and how to see more."""
        more = ["(not every deal is shown: use cards, or crm_list_deals)"] if self.truncated else []
        return self.telling(self.headline, but=("truncated",), then=more)

    def overview(self) -> str:
        """The same for people: a line for each stage, behind what all come to."""
        return "\n".join([self.headline, *self.lines])


@tool("cyberos.crm.pipeline_board", title="Show the pipeline board", answer=BoardView)
async def TOOL(call: Call, arguments: Show) -> BoardView:
    """Show a pipeline as a board: open stages in order with count, total, weighted total and deals.

    Use this to review a pipeline and to find deals that stand still: `stagnant` is 7, 14 or 30
    days without a move or a contact (notes are none), `next_step_missing` that no close date lies
    ahead, `task_due` when its next task is due, `tasks_due` how many are due today or overdue.
    Returns sums per currency over all deals you may see, weighted by probability, with US cents
    where a rate is known; deals longest in their stage come first.
    """
    found = await boards.board(
        call.tx, viewer(call.principal), arguments.pipeline_id, cards=arguments.cards
    )
    due = await tasks.due(call.tx, viewer(call.principal), found, zone=call.principal.zone)
    rates = await snapshot(call.tx, call.day)
    return board_view(found, due, locale_of(call.principal), call.at, call.day, rates)


def board_view(
    found: Board, due: TasksDue, locale: Locale, at: datetime, today: date, rates: Snapshot
) -> BoardView:
    """The board as an agent sees it, in the language of the tenant; `rates` are those of today."""
    pipeline = found.shape.pipeline
    name = pipeline.name_vi if locale == "vi" else pipeline.name_en
    count = sum(column.count for column in found.columns)
    shown = any(column.cards for column in found.columns)
    marked = ["/stages/*/deals/*/name", "/stages/*/deals/*/account_name"]
    # One validation of the whole board: that of each deal by itself took a third of the call.
    return BoardView.model_validate(
        {
            "pipeline_id": pipeline.id,
            "pipeline": pipeline.code,
            "name": name,
            "stages": [_stage(column, due, locale, at, today, rates) for column in found.columns],
            "totals": [_worth(worth, rates) for worth in found.worth],
            "tasks_due": due.today or None,
            "truncated": any(_is_cut(column) for column in found.columns),
            "untrusted_fields": marked if shown else [],
            "headline": (
                f"{name} ({pipeline.code}): {_open(count, locale)}, {_sums(found.worth, locale)}"
                f"{_due(due.today, locale)}"
            ),
            "lines": [_line(column, locale) for column in found.columns],
        }
    )


def _stage(
    column: Column, due: TasksDue, locale: Locale, at: datetime, today: date, rates: Snapshot
) -> dict[str, Any]:
    """The fields of a StageView."""
    return {
        "stage": column.stage.code,
        "stage_name": _name(column, locale),
        "probability_pct": column.stage.probability_pct,
        "count": column.count,
        "stagnant": column.stagnant,
        "totals": [_worth(worth, rates) for worth in column.worth],
        "deals": [_card(card, due, at, today) for card in column.cards],
        "truncated": _is_cut(column) or None,
    }


def _card(card: Card, due: TasksDue, at: datetime, today: date) -> dict[str, Any]:
    """The fields of a CardView."""
    close = card.expected_close_date
    return {
        "id": card.id,
        "name": card.name,
        "account_id": card.account_id,
        "account_name": card.account_name,
        "amount_minor": card.amount_minor,
        "currency": card.currency,
        "days_in_stage": card.days_in_stage(at),
        "stagnant": boards.stagnation(card.quiet_days(at)),
        "next_step_missing": (close is None or close < today) or None,
        "task_due": due.next_of.get(card.id),
    }


def _worth(worth: Worth, rates: Snapshot) -> dict[str, Any]:
    """The sums as JSON numbers; beyond 2^53-1 a client would read another number, so none."""
    return {
        "currency": worth.currency,
        "amount_minor": _exact(worth.amount_minor),
        "weighted_minor": _exact(worth.weighted_minor),
        "usd_minor": _exact(rates.minor(worth.amount_minor, worth.currency, USD)),
        "weighted_usd_minor": _exact(rates.minor(worth.weighted_minor, worth.currency, USD)),
    }


def _exact(minor: int | None) -> int | None:
    return minor if minor is not None and minor <= MAX_JSON_MINOR else None


def _is_cut(column: Column) -> bool:
    return len(column.cards) < column.count


def _name(column: Column, locale: Locale) -> str:
    return str(column.stage.name_vi if locale == "vi" else column.stage.name_en)


def _line(column: Column, locale: Locale) -> str:
    words = "đứng yên" if locale == "vi" else "stagnant"
    still = f", {column.stagnant} {words}" if column.stagnant else ""
    label = f"{_name(column, locale)} ({column.stage.code})"
    return f"{label}: {_open(column.count, locale)}, {_sums(column.worth, locale)}{still}"


def _due(count: int, locale: Locale) -> str:
    """How many tasks are due today or overdue, where some are."""
    if not count:
        return ""
    words = f"{count} việc đến hạn" if locale == "vi" else f"{counted(count, 'task')} due"
    return f", {words}"


def _open(count: int, locale: Locale) -> str:
    return f"{count} {'đang mở' if locale == 'vi' else 'open'}"


def _sums(worth: Sequence[Worth], locale: Locale) -> str:
    nothing, weighted = ("chưa có gì", "có trọng số") if locale == "vi" else ("nothing", "weighted")
    return (
        "; ".join(
            f"{_money(one.amount_minor, one.currency, locale)}, "
            f"{weighted} {_money(one.weighted_minor, one.currency, locale)}"
            for one in worth
        )
        or nothing
    )


def _money(minor: int, currency: str, locale: Locale) -> str:
    if _exact(minor) is None:
        return f"{'quá lớn' if locale == 'vi' else 'beyond counting'} ({currency})"
    return Money(minor, currency).text(locale)
