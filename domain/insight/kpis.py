"""KPIs: how does the company do? The specification's figures, over what the viewer may see."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo

from domain.accounts import queries as accounts
from domain.deals import reviews
from domain.deals.reviews import Reviewed
from domain.fx.service import USD
from domain.fx.snapshot import snapshot
from domain.insight import kpi_rules as rules
from domain.insight import lead_score_queries, next_actions
from domain.insight.kpi_rules import Kpi, Name
from domain.insight.lead_score_rules import Band
from domain.insight.next_actions_rules import CONFIRMED, INVOICED_TYPES, NextStep
from domain.pipelines import service as pipelines
from domain.store.tx import Tx
from domain.store.visibility import Viewer
from domain.taxpayers.service import status_today

_VND = "VND"


async def measured(
    tx: Tx,
    viewer: Viewer,
    *,
    on: date,
    zone: tzinfo,
    days: int,
    events: Mapping[NextStep, str],
    pipeline: str | None = None,
) -> list[Kpi]:
    """Every number, of the last `days` days up to `on` where it is one of a time.

    `events` are what the audit chain has of each step that is taken.

    `pipeline`, an id or a code, narrows the numbers that count deals. Raises PIPELINE_UNKNOWN.
    """
    pipeline_id = None
    if pipeline is not None:
        pipeline_id = (await pipelines.find(tx, pipeline, viewer.workspace_ids)).pipeline.id
    since = on - timedelta(days=days - 1)
    in_time = reviews.ended(since=since, until=on, pipeline_id=pipeline_id)
    with tx.looking_as(viewer):
        open_deals = await reviews.reviewed(tx, *reviews.still_open(pipeline_id=pipeline_id))
        ended = await reviews.reviewed(tx, *in_time)
        scores = await lead_score_queries.all_of(tx, reviews.ids_of(*in_time))
    rates = await snapshot(tx, on)
    begin = datetime.combine(since, time.min, zone)
    acted = await next_actions.acceptance(tx, viewer, since=begin, events=events)
    hot = _hot(ended, [(one.deal_id, one.scored_on, one.band) for one in scores], viewer)
    return [
        rules.pipeline_value(Name.PIPELINE_VALUE, open_deals, rates, _VND),
        rules.pipeline_value(Name.PIPELINE_VALUE_USD, open_deals, rates, USD),
        rules.not_measured(Name.STAGE_MOVE_P95),
        rules.win_rate(ended),
        rules.deal_cycle(ended, zone),
        rules.lead_scoring_precision(ended, hot),
        rules.share(Name.NBA_ACCEPTANCE, len(acted.accepted), acted.suggested),
        rules.not_measured(Name.AUTO_LOG_DURABILITY),
        rules.not_measured(Name.HOADON_SUCCESS),
        await _tax_codes(tx),
        rules.not_measured(Name.ACL_VIOLATIONS),
    ]


def _hot(
    ended: Sequence[Reviewed], scores: Sequence[tuple[str, date, str]], viewer: Viewer
) -> Mapping[str, bool]:
    """Whether each deal that had a score was hot when it ended; of the viewer's workspaces only."""
    closed = {
        deal.id: deal.closed_date for deal in ended if deal.workspace_id in viewer.workspace_ids
    }
    found: dict[str, bool] = {}
    for deal_id, scored_on, band in scores:  # in the order of days: the last one before the end
        end = closed.get(deal_id)
        if end is not None and scored_on < end:
            found[deal_id] = band == Band.HOT.value
    return found


async def _tax_codes(tx: Tx) -> Kpi:
    """Accounts whose tax code the registry confirmed lately, of all that need one or have one."""
    needed = [
        row
        for row in await accounts.tax_codes(tx)
        if row.vn_mst is not None or row.account_type in INVOICED_TYPES
    ]
    confirmed = sum(
        status_today(row.vn_mst_status, row.vn_mst_checked_at, tx.at) == CONFIRMED for row in needed
    )
    return rules.share(Name.MST_VALIDATION, confirmed, [row.id for row in needed])
