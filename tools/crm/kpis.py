"""KPIs: how does the company do?"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from domain.insight import kpis
from domain.insight.kpi_rules import Kpi, Name, Status
from policies.gate.contract import Call, tool
from tools.crm.next_action_words import TOOLS
from tools.crm.views import locale_of, viewer
from tools.shapes import Ask, NamedReference, View

_FEW, _MANY = 5, 200

KpiName = Literal[
    "pipeline_value", "pipeline_value_usd", "stage_move_p95", "win_rate",
    "deal_cycle_median_days", "lead_scoring_precision", "nba_acceptance", "auto_log_durability",
    "hoadon_emission_success", "mst_validation_rate", "acl_violations",
]  # fmt: skip

# Number in the specification, unit, formula, target.
_TOLD: Mapping[Name, tuple[str, str, str, str | None]] = {
    Name.PIPELINE_VALUE: ("CRM-241", "VND", "sum(open deal amount x probability)", None),
    Name.PIPELINE_VALUE_USD: (
        "CRM-241", "US cents", "sum(open deal amount x probability)", None,
    ),
    Name.STAGE_MOVE_P95: ("CRM-242", "ms", "p95(crm_move_stage)", "<= 200"),
    Name.WIN_RATE: ("CRM-243", "percent", "won / (won + lost)", None),
    Name.DEAL_CYCLE: ("CRM-244", "days", "median(closed_date - created_at)", None),
    Name.LEAD_SCORING_PRECISION: (
        "CRM-245", "percent", "won / hot the day before they ended", ">= 70",
    ),
    Name.NBA_ACCEPTANCE: ("CRM-246", "percent", "acted on in 7 days / suggested", ">= 35"),
    Name.AUTO_LOG_DURABILITY: ("CRM-247", "percent", "logged / source events", "100"),
    Name.HOADON_SUCCESS: ("CRM-248", "percent", "hóa đơn issued / deals won", "100"),
    Name.MST_VALIDATION: (
        "CRM-249", "percent", "tax code confirmed / Vietnamese accounts", ">= 95",
    ),
    Name.ACL_VIOLATIONS: ("CRM-250", "count", "reads across workspaces", "0"),
}  # fmt: skip
_NO_DATA = ("Chưa có dòng dữ liệu nào để tính.", "There are no rows to count.")
_NOT_MEASURED: Mapping[Name, tuple[str, str]] = {
    Name.STAGE_MOVE_P95: (
        "Đo bằng `make bench`, không có trong cơ sở dữ liệu.",
        "Measured by `make bench`, not kept in the database.",
    ),
    Name.AUTO_LOG_DURABILITY: (
        "Không biết hệ thống nguồn đã gửi bao nhiêu sự kiện.",
        "Nobody tells how many events the sources sent.",
    ),
    Name.HOADON_SUCCESS: (
        "Chưa có phân hệ hóa đơn để đếm.",
        "There are no e-invoices to count yet.",
    ),
    Name.ACL_VIOLATIONS: (
        "Vi phạm không tự để lại dòng nào; bức tường được chứng minh bằng kiểm thử.",
        "A breach would leave no row; tests prove tenant isolation instead.",
    ),
}


class Measure(Ask):
    """Which numbers."""

    kpi: KpiName | None = Field(default=None, description="Only this one, with all its rows.")
    pipeline_id: NamedReference | None = Field(
        default=None, description="Id or code; narrows the numbers that count deals."
    )
    days: Annotated[int, Field(ge=1, le=1_095)] = Field(
        default=90, description="Of how many days, where it is a number of a time."
    )


class KpiView(View):
    """A number with its formula and the rows behind it; no value means there is none."""

    name: str
    id: str
    value: str | None = None
    unit: str
    formula: str
    target: str | None = None
    counted: int | None = None
    of: int | None = None
    by_pipeline: dict[str, str] | None = None
    rows: list[str] | None = None
    note: str | None = None

    leads = ("name",)

    def text(self) -> str:
        """The number and what it is of, then how it was counted."""
        value = f"{self.value} {self.unit}" if self.value is not None else f"- ({self.unit})"
        counted = f" ({self.counted or 0}/{self.of})" if self.of else ""
        said = ("name", "value", "unit", "of", "note", *(("counted",) if self.of else ()))
        rest = self.telling(but=said)
        note = f" {self.note}" if self.note else ""
        return f"{self.name}: {value}{counted}.{note}\n  {rest}"


class Kpis(View):
    """The numbers asked for."""

    kpis: list[KpiView]

    def text(self) -> str:
        """A line for each, and what stands behind it."""
        return "\n".join(one.text() for one in self.kpis)


@tool("cyberos.crm.kpis", title="Show key figures", answer=Kpis)
async def TOOL(call: Call, arguments: Measure) -> Kpis:
    """Show the sales key figures: pipeline value, win rate, deal cycle, scoring and suggestions.

    Use this when the user asks how sales go; name one kpi to see all rows it was counted from.
    Deals themselves come from crm_list_deals. Deals hidden from the person you act for are in no
    number.
    Returns each figure as decimal text with formula, target, counts and ids of rows. A figure
    without value has a note that says why; do not guess one.
    """
    vietnamese = locale_of(call.principal) == "vi"
    found = await kpis.measured(
        call.tx,
        viewer(call.principal),
        on=call.day,
        zone=call.principal.zone,
        days=arguments.days,
        events=TOOLS,
        pipeline=arguments.pipeline_id,
    )
    wanted = [one for one in found if arguments.kpi in (None, one.name.value)]
    most = _FEW if arguments.kpi is None else _MANY
    return Kpis(kpis=[_view(one, vietnamese, most) for one in wanted])


def _view(one: Kpi, vietnamese: bool, most: int) -> KpiView:
    id, unit, formula, target = _TOLD[one.name]
    return KpiView(
        name=one.name.value,
        id=id,
        value=one.value,
        unit=unit,
        formula=formula,
        target=target,
        counted=one.counted,
        of=one.of,
        by_pipeline=dict(one.by_pipeline) or None,
        rows=list(one.rows[:most]) or None,
        note=_note(one, vietnamese),
    )


def _note(one: Kpi, vietnamese: bool) -> str | None:
    said = []
    if one.status is Status.NOT_MEASURED:
        said.append(_NOT_MEASURED[one.name][0 if vietnamese else 1])
    if one.status is Status.NO_DATA:
        said.append(_NO_DATA[0 if vietnamese else 1])
    if one.unrated:
        names, missing = ", ".join(one.unrated), ", ".join(one.missing)
        said.append(
            f"Không tính các cơ hội bằng {names}: chưa có tỷ giá {missing}."
            if vietnamese
            else f"Deals in {names} are left out: no rate is known for {missing}."
        )
    if one.beside is not None:
        said.append(
            f"Tỷ lệ thắng chung của các cơ hội đã chấm điểm: {one.beside}%."
            if vietnamese
            else f"Of all scored deals {one.beside}% were won."
        )
    return " ".join(said) or None
