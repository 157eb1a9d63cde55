"""Customer book: which customers and deals do the tasks find?
The same small book for each, in its own company.
"""

from dataclasses import dataclass

from tests.tools.talk import Talk, talking
from tests.world import World

OCEAN, STEEL, TRADE = "Công ty TNHH Đại Dương", "Công ty Cổ phần Thép Việt", "ABC Trading"
ADDRESS = "12 Lê Lợi, phường Bến Nghé, Quận 1, TP. Hồ Chí Minh"


@dataclass(frozen=True)
class Book:
    """The ids that only an operator knows; an agent has to find its own."""

    steel_id: str
    portal_id: str


async def written(world: World) -> Book:
    """Three accounts, three people, five open deals."""
    async with talking(world) as talk:
        ocean = await _account(talk, OCEAN, vn_mst="0100109106", address=ADDRESS)
        steel = await _account(talk, STEEL, vn_mst="0101248141")
        trade = await _account(talk, TRADE)
        hoa = await talk.ok(
            "crm_create_contact",
            account_id=ocean,
            display_name="Nguyễn Thị Hòa",
            phone="0903123456",
        )
        for account_id, name in ((ocean, "Đỗ Văn Ánh"), (steel, "Lý Thanh Tùng")):
            await talk.ok("crm_create_contact", account_id=account_id, display_name=name)
        portal = await talk.ok(
            "crm_create_deal",
            account_id=ocean,
            name="Cổng khách hàng",
            amount_minor=750_000_000,
            stage_id="discovery",
            primary_contact_id=hoa["id"],
        )
        for account_id, name, amount in (
            (ocean, "Quản lý kho", 1_250_000_000),
            (steel, "Theo dõi đơn hàng", 320_000_000),
            (steel, "Bảo trì năm 2027", 0),
            (trade, "Website", 95_000_000),
        ):
            await talk.ok("crm_create_deal", account_id=account_id, name=name, amount_minor=amount)
    return Book(steel, portal["id"])


async def _account(talk: Talk, name: str, **more: str) -> str:
    created = await talk.ok("crm_create_account", name=name, account_type="llc", **more)
    return str(created["id"])
