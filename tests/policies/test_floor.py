"""The floor beside the rows: at least what it was when it stood in the code, and read from ours."""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from policies.gate import floor, shipped
from policies.gate.catalogue import CUSTOMER_SUM, Catalogue, Confirm, ToolPolicy

SHIPPED = floor.load_checked()
FILES = Path(floor.__file__).parent / "catalogue"
# What may at least never be weakened, written a second time on purpose: the program must not
# become laxer by an edit of a file. Each inner set: one person of these roles signs.
SIGNED = {
    "cyberos.crm.close_deal": [{"am"}],
    "cyberos.crm.merge_contacts": [{"sales", "am"}],
    "cyberos.inv.send_invoice": [{"am"}],
    "cyberos.inv.send_dunning": [{"am", "cfo"}],
    "cyberos.inv.void_invoice": [{"am"}],
    "cyberos.inv.cancel_einvoice": [{"am"}, {"cfo"}],
    "cyberos.inv.issue_credit_note": [{"cfo"}],
    "cyberos.data.export_full": [{"dpo"}],
    "cyberos.admin.add_bank_account": [{"cfo"}, {"admin"}],
}
FIRST_USE = ["cyberos.crm.generate_vietqr", "cyberos.inv.generate_vietqr"]
NEVER_BATCHED = [
    "cyberos.inv.cancel_einvoice",
    "cyberos.inv.void_invoice",
    "cyberos.admin.add_bank_account",
    "cyberos.admin.something_new",
    "cyberos.data.export_full",
    "cyberos.data.something_new",
]
READING = {
    "cyberos.whoami": "core.read",
    "cyberos.approvals.list": "core.read",
    "cyberos.approvals.get": "core.read",
    "cyberos.crm.search_accounts": "crm.read",
    "cyberos.crm.get_account": "crm.read",
    "cyberos.crm.validate_mst": "crm.read",
    "cyberos.inv.validate_mst": "inv.aging_read",
    "cyberos.crm.list_contacts": "crm.read",
    "cyberos.crm.list_pipelines": "crm.read",
    "cyberos.crm.list_deals": "crm.read",
    "cyberos.crm.forecast": "crm.read",
    "cyberos.crm.forecast_accuracy": "crm.read",
    "cyberos.crm.get_deal": "crm.read",
    "cyberos.crm.timeline": "crm.read",
    "cyberos.crm.pipeline_board": "crm.read",
    "cyberos.crm.next_best_action": "crm.read",
    "cyberos.crm.lead_score": "crm.read",
    "cyberos.crm.kpis": "crm.read",
    "cyberos.vn.decode_vietqr": "core.read",
    "cyberos.vn.parse_address": "core.read",
    "cyberos.vn.amount_in_words": "core.read",
    "cyberos.vn.list_banks": "core.read",
}


def slots(*roles):
    return [{"slot": f"s{n}", "roles": sorted(one)} for n, one in enumerate(roles)]


def a_row(id, *roles, **more):
    """A row that asks people of these roles, one person each."""
    asking = {"effect": "destructive", "confirm": "always", "slots": slots(*roles), "assurance": 3}
    return ToolPolicy.model_validate({"id": id, "scope": "crm.close", **asking, **more})


def complaints(row, **more):
    """What the floor has to say about a table of this row alone."""
    return "; ".join(floor.weaknesses(Catalogue(version=1, tool=(row,), **more)))


def enough(id):
    """The rest of what the floor asks of a closed deal, so that a test can look at one thing."""
    if id != "cyberos.crm.close_deal":
        return {}
    limit = {"field": CUSTOMER_SUM, "op": ">", "value": 10_000_000}
    return {"escalate": [{"when": limit, "slots": [{"slot": "cro", "roles": ["cro"]}]}]}


@pytest.mark.parametrize("id", SIGNED)
def test_what_cannot_be_taken_back_is_signed_by_at_least_these_people(id):
    needed, more = SIGNED[id], enough(id)

    assert complaints(a_row(id, *needed, **more)) == ""
    assert complaints(a_row(id, *needed, {"dpo"}, **more)) == "", "one signature more"
    for place, roles in enumerate(needed):
        fewer = needed[:place] + needed[place + 1 :]
        wider = [*fewer, roles | {"cro"}]
        assert "needs more or other signatures" in complaints(a_row(id, *wider, **more))
        if fewer:
            assert "needs more or other signatures" in complaints(a_row(id, *fewer, **more))


@pytest.mark.parametrize("id", SIGNED)
@pytest.mark.parametrize(
    "laxer",
    [
        {"effect": "write", "confirm": "never", "slots": [], "escalate": []},
        {"effect": "write", "confirm": "always"},
        {
            "effect": "draft",
            "confirm": "predicate",
            "ask": [{"field": "account_first_use", "op": "==", "value": 1}],
        },
    ],
)
def test_what_cannot_be_taken_back_is_never_anything_else(id, laxer):
    row = a_row(id, *SIGNED[id], **{**enough(id), **laxer})

    assert "must be destructive and always ask people" in complaints(row)


def test_a_cro_signs_for_more_than_100_000_usd_of_one_customer_in_a_day():
    def closing(field=CUSTOMER_SUM, value=10_000_000, role="cro"):
        when = {"field": field, "op": ">", "value": value}
        extra = [{"when": when, "slots": [{"slot": "more", "roles": [role]}]}]
        return complaints(a_row("cyberos.crm.close_deal", {"am"}, escalate=extra))

    assert closing() == closing(value=1) == ""
    weaker = [closing(value=10_000_001), closing("amount_usd_minor"), closing(role="cfo")]
    assert all("must ask cro too" in one for one in weaker)
    assert "must ask cro too" in complaints(a_row("cyberos.crm.close_deal", {"am"}))


@pytest.mark.parametrize("id", FIRST_USE)
def test_the_first_use_of_an_account_is_confirmed_by_an_am_or_a_cfo(id):
    def drafting(roles, field="account_first_use", value=1):
        rule = [{"field": field, "op": "==", "value": value}]
        return complaints(a_row(id, roles, effect="draft", confirm="predicate", ask=rule))

    assert drafting({"am", "cfo"}) == drafting({"cfo"}) == ""
    assert complaints(a_row(id, {"am"})) == "", "always is more than the first time"
    weaker = [
        drafting({"am", "cfo", "sales"}),
        drafting({"am"}, "amount_usd_minor"),
        drafting({"am"}, value=0),
        complaints(a_row(id, effect="draft", confirm="never", slots=[])),
    ]
    assert all("must ask am or cfo when account_first_use is 1" in one for one in weaker)


@pytest.mark.parametrize("id", NEVER_BATCHED)
def test_cancellations_exports_and_administration_are_signed_one_by_one(id):
    people = SIGNED.get(id, [{"am"}])

    assert "must not be batched" in complaints(a_row(id, *people, batch=True))
    assert complaints(a_row(id, *people)) == ""


@pytest.mark.parametrize("id", READING)
def test_what_reads_stays_a_reading_tool_with_its_scope(id):
    reading = {"id": id, "scope": READING[id], "effect": "read"}

    for more in ({}, {"scope": "core.write"}, {"effect": "write"}):
        said = complaints(ToolPolicy.model_validate({**reading, **more}))
        assert ("must be a reading tool with the scope" in said) == bool(more)


def test_every_row_that_ships_as_reading_is_held_to_it():
    for row in SHIPPED.tool:
        other = row.model_copy(update={"scope": "other.read"})

        assert ("must be a reading tool" in complaints(other)) == row.is_read, row.id


def test_whom_a_shipped_row_asks_the_floor_asks_too():
    assert unheld(SHIPPED.tool, floor.entries()) == []


def unheld(rows: Iterable[ToolPolicy], entries: Sequence[floor.FloorEntry]) -> list[str]:
    """Rows that ask people although nothing keeps an operator's file from asking nobody."""
    return [
        f"policies/catalogue/{row.id.split('.')[1]}.toml: {row.id} asks people "
        "and has no [[floor]] that says at least whom"
        for row in rows
        if row.confirm is not Confirm.NEVER
        and not any(one.concerns(row.id) and (one.signatures or one.ask) for one in entries)
    ]


def test_a_row_that_asks_people_and_has_no_floor_is_named():
    (said,) = unheld([a_row("cyberos.inv.pay_out", {"cfo"})], floor.entries())

    assert said.startswith("policies/catalogue/inv.toml: cyberos.inv.pay_out asks people")


def test_a_rate_is_never_trusted_for_longer_than_45_days():
    row = SHIPPED.by_name["whoami"]

    assert complaints(row, rate_max_age_days=45) == ""
    assert "rate_max_age_days" in complaints(row, rate_max_age_days=46)


def test_each_file_of_the_policy_speaks_of_its_own_namespace_and_its_floor_comes_last():
    """A namespace brings its rows by bringing its file; what is cut off behind is the floor."""
    for file in FILES.glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        assert "[[tool]]" not in text.partition("[[floor]]")[2], f"{file.name}: rows, then floor"
        part = tomllib.loads(text)
        for row in (*part.get("tool", []), *part.get("floor", [])):
            _, *between, _ = row["id"].split(".")
            home = (between or ["core"])[0]
            assert file.stem == home, f"{row['id']} belongs into policies/catalogue/{home}.toml"

    assert "floor" not in shipped.as_one_file().split("version = ")[1]


def test_the_shipped_files_and_the_one_file_that_an_operator_begins_with_say_the_same(tmp_path):
    file = tmp_path / "policy.toml"
    file.write_text(shipped.as_one_file(), encoding="utf-8")

    assert floor.load_checked(file).sha256 == SHIPPED.sha256
