"""Picture of an action: what does the account manager see of a halved deal, before signing?

`python -m tests.redteam.pictured` draws docs/pictures/approval.svg anew.
"""

import asyncio
import sys
import tempfile
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from pathlib import Path

from domain.fx import service as fx
from domain.kernel.money import Rate
from server.cli.action_view import with_details
from tests.redteam.displayed import lines, number, view_of
from tests.world import World, migrated, opened

FILE = Path(__file__).parents[2] / "docs" / "pictures" / "approval.svg"
COLUMNS, LETTER, LINE, EDGE = 88, 7.8, 19, 22
GROUND, INK, QUIET, ATTENTION = "#1c2333", "#e8ebf4", "#9aa5c0", "#ffcf70"
OUTCOME_AND_AMOUNT = 2  # lines
_FONT = "font-family=\"ui-monospace, Menlo, 'DejaVu Sans Mono', 'Noto Sans Mono', monospace\""


async def drawn(world: World, language: str) -> str:
    """A deal that was asked to be won, halved by the agent a moment later, and asked again."""
    async with world.owning() as tx:
        await fx.record(tx, Rate("USD", "VND", Decimal(26_310), "vcb", date(2026, 11, 20)))
    account = await world.an_account("Công ty Cổ phần Dược phẩm An Khang Việt")
    deal = await world.a_deal(account, name="Nhà thuốc số", amount_minor=4_200_000_000)
    asked = {"deal_id": deal["id"], "outcome": "won"}
    await world.ok("crm_close_deal", agent="cro_agent", **asked)
    world.clock.move(timedelta(minutes=3))
    half = {"deal_id": deal["id"], "amount_minor": 2_100_000_000}
    await world.ok("crm_update_deal", agent="cro_agent", **half)
    again = await world.ok(
        "crm_close_deal", agent="cro_agent", note_to_approver="Khách chỉ ký giai đoạn 1.", **asked
    )
    view = await view_of(world, str(again["action_id"]))
    async with world.looking() as tx:
        detailed = await with_details(tx, view, world.approval_context)
    (older,) = detailed.replaced
    number(detailed)
    text = lines(detailed, language, COLUMNS)
    return picture([one.replace(older.id, "1".rjust(26, "0")) for one in text])


def picture(text: list[str]) -> str:
    """Lines of a terminal as an SVG with a ground of its own."""
    width = int(2 * EDGE + COLUMNS * LETTER)
    height = 2 * EDGE + LINE * len(text)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {_FONT} font-size="13">',
        "<title>cyberos show</title>",
        f'<rect width="{width}" height="{height}" rx="12" fill="{GROUND}"/>',
    ]
    colour = INK
    for place, line in enumerate(text):
        if said := line.strip():
            x, y = EDGE + line.index(said) * LETTER, EDGE + LINE * place + 13
            colour = _colour(line, colour)
            weight = ' font-weight="700"' if place < OUTCOME_AND_AMOUNT else ""
            length = f'textLength="{len(said) * LETTER:.1f}"'
            where = f'x="{x:.1f}" y="{y}" {length} fill="{colour}"{weight} xml:space="preserve"'
            parts.append(f"<text {where}>{escape(said)}</text>")
    return "\n".join([*parts, "</svg>", ""])


def _colour(line: str, before: str) -> str:
    """Of a line; one that goes on looks like the one before."""
    if line.startswith(("CHÚ Ý", "CẢNH BÁO", "NOTE", "WARNING")):
        return ATTENTION
    if line.startswith("  >"):
        return QUIET
    return before if before == ATTENTION and line.startswith("  ") else INK


async def main() -> None:
    """Draw it."""
    with tempfile.TemporaryDirectory() as folder:
        async with opened(await migrated("sqlite", Path(folder))) as world:
            FILE.write_text(await drawn(world, "en"), "utf-8")
    sys.stdout.write(f"{FILE.name}\n")


if __name__ == "__main__":
    asyncio.run(main())
