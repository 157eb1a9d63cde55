"""The floor beside the rows: at least what it was when it stood in the code, and read from ours."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from policies.gate import floor, shipped
from policies.gate.catalogue import CUSTOMER_SUM, PERSON_SUM, Catalogue, Confirm, ToolPolicy

SHIPPED = floor.load_checked()
ROOT = Path(__file__).parents[2]
FILES = ROOT / "policies" / "catalogue"
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
# US cents within a day above which one more person signs: of a customer, of a person, and who.
LIMITS = {
    "cyberos.crm.close_deal": (10_000_000, 30_000_000, "cro"),
    "cyberos.inv.send_invoice": (1_000_000, 10_000_000, "cfo"),
}
# What may at most be laxer besides: scope, assurance, minutes, and who signs what they asked for.
HELD = {
    "cyberos.admin.add_bank_account": ("admin.bank", 3, 240, set()),
    "cyberos.crm.close_deal": ("crm.close", 3, 1440, {"am"}),
    "cyberos.crm.generate_vietqr": ("crm.payment", 3, 240, {"am", "cfo"}),
    "cyberos.crm.merge_contacts": ("crm.contact.merge", 2, 1440, {"sales", "am"}),
    "cyberos.data.export_full": ("data.export", 3, 1440, set()),
    "cyberos.inv.cancel_einvoice": ("inv.void", 3, 240, {"am"}),
    "cyberos.inv.generate_vietqr": ("crm.payment", 3, 240, {"am", "cfo"}),
    "cyberos.inv.issue_credit_note": ("inv.credit", 3, 1440, set()),
    "cyberos.inv.send_dunning": ("inv.dunning_approve", 3, 1440, {"am", "cfo"}),
    "cyberos.inv.send_invoice": ("inv.send", 3, 1440, {"am"}),
    "cyberos.inv.set_engagement": ("inv.draft", 3, 1440, set()),
    "cyberos.inv.void_invoice": ("inv.void", 3, 1440, {"am"}),
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
    asking = {"effect": "destructive", "confirm": "always", "slots": slots(*roles)}
    scope, assurance, minutes, _ = HELD.get(id, ("crm.close", 3, 1440, set()))
    held = {"scope": scope, "assurance": assurance, "ttl_minutes": minutes}
    return ToolPolicy.model_validate({"id": id, **held, **asking, **more})


def complaints(row, **more):
    """What the floor has to say about a table of this row alone."""
    return "; ".join(floor.weaknesses(Catalogue(version=1, tool=(row,), **more)))


def enough(id):
    """The rest of what the floor asks of a tool, so that a test can look at one thing."""
    if id not in LIMITS:
        return {}
    of_customer, of_person, role = LIMITS[id]
    return {"escalate": [escalation(role, (CUSTOMER_SUM, of_customer), (PERSON_SUM, of_person))]}


def escalation(role, *limits):
    """Another signature above any of these limits."""
    when = [{"field": field, "op": ">", "value": value} for field, value in limits]
    return {"when": when, "slots": [{"slot": "more", "roles": [role]}]}


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


@pytest.mark.parametrize("id", LIMITS)
def test_one_person_more_signs_above_what_a_customer_or_a_person_may_be_asked_for_in_a_day(id):
    of_customer, of_person, needed = LIMITS[id]

    def asking(
        customer=of_customer, person=of_person, role=needed, fields=(CUSTOMER_SUM, PERSON_SUM)
    ):
        more = escalation(role, *zip(fields, (customer, person), strict=False))
        return complaints(a_row(id, {"am"}, escalate=[more]))

    def said(field):
        value = of_customer if field == CUSTOMER_SUM else of_person
        return f"must ask {needed} too when {field} is above {value:,}"

    assert asking() == asking(customer=1) == asking(person=1) == ""
    assert asking(customer=of_customer + 1) == f"{id} {said(CUSTOMER_SUM)}"
    assert asking(person=of_person + 1) == f"{id} {said(PERSON_SUM)}"
    assert asking(fields=(CUSTOMER_SUM,)) == f"{id} {said(PERSON_SUM)}"
    assert asking(fields=("amount_usd_minor", PERSON_SUM)) == f"{id} {said(CUSTOMER_SUM)}"
    for nobody in (asking(role="dpo"), complaints(a_row(id, {"am"}))):
        assert said(CUSTOMER_SUM) in nobody and said(PERSON_SUM) in nobody


@pytest.mark.parametrize("id", HELD)
def test_M7_scope_assurance_and_the_longest_wait_are_held_too(id):
    scope, assurance, minutes, _ = HELD[id]
    people, more = SIGNED.get(id, [{"am"}]), enough(id)

    def said(**changed):
        return complaints(a_row(id, *people, **{**more, **changed}))

    assert said() == said(assurance=4) == said(ttl_minutes=minutes - 1) == ""
    assert said(scope="core.read") == f"{id} must have the scope {scope}"
    assert said(ttl_minutes=minutes + 1) == f"{id} must not wait for longer than {minutes} minutes"
    if assurance == 3:
        assert said(assurance=2) == f"{id} needs assurance 3 or more"


@pytest.mark.parametrize("id", HELD)
@pytest.mark.parametrize("role", ["am", "cfo", "cro", "dpo", "admin"])
def test_M7_who_may_sign_what_their_own_agent_asked_for_is_held_for_every_slot(id, role):
    people, own = SIGNED.get(id, [{"am"}]), HELD[id][3]
    theirs = {"slot": "further", "roles": [role]}
    others = [{**slot, "self": "never"} for slot in slots(*people)]

    def said(slot):
        return complaints(a_row(id, slots=[*others, slot], self="obo", **enough_but_self(id)))

    weaker = f"{id} must not let people sign as {role} what their own agent asked for"
    assert said(theirs) == ("" if role in own else weaker)
    assert said({**theirs, "self": "never"}) == ""


def enough_but_self(id):
    """The further signature, which nobody may give for themselves."""
    made = enough(id)
    for step in made.get("escalate", []):
        step["slots"] = [{**slot, "self": "never"} for slot in step["slots"]]
    return made


@pytest.mark.parametrize("id", ["cyberos.crm.close_deal", "cyberos.inv.send_invoice"])
def test_M7_whoever_signs_above_a_limit_never_signs_for_their_own_agent(id):
    row = a_row(id, {"am"}, self="obo", **enough(id))
    role = LIMITS[id][2]

    assert f"must not let people sign as {role} what their own agent asked for" in complaints(row)


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
        "and has no [[floor]] that says at least whom, with scope, assurance and ttl_minutes"
        for row in rows
        if row.confirm is not Confirm.NEVER
        and not any(one.concerns(row.id) and holds_all(one) for one in entries)
    ]


def holds_all(one: floor.FloorEntry) -> bool:
    """Whether an entry is about a whole row."""
    whole = one.scope is not None and one.ttl_minutes is not None and one.assurance >= 2
    return bool(one.signatures or one.ask) and whole


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


def test_the_digests_of_shipped_tables_are_listed_and_this_one_is_the_last():
    """A table whose digest is not listed needs the root's signature wherever it is activated."""
    lines = (FILES / shipped.DIGESTS).read_text("utf-8").splitlines()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

    assert lines[-1] == f"{SHIPPED.sha256} {version}", "run `make publish`"
    assert all(re.fullmatch(r"[0-9a-f]{64} \d+\.\d+\.\d+", line) for line in lines)
    assert len({line.split()[1] for line in lines}) == len(lines), "one of each release"
    assert shipped.digests() == {line.split()[0] for line in lines}


def test_the_shipped_files_and_the_one_file_that_an_operator_begins_with_say_the_same(tmp_path):
    file = tmp_path / "policy.toml"
    file.write_text(shipped.as_one_file(), encoding="utf-8")

    assert floor.load_checked(file).sha256 == SHIPPED.sha256
