"""The policy table: what it says, what it may not say, and what is left without it."""

import itertools
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from domain.kernel.faults import Fault
from policies.gate import floor, shipped
from policies.gate.catalogue import (
    CUSTOMER_SUM,
    PERSON_SUM,
    SUMS,
    Catalogue,
    Confirm,
    Effect,
    Predicate,
    ToolPolicy,
    load,
)
from policies.gate.decide import Verdict, admit, holds, weigh

SHIPPED = floor.load_checked()
TEXT = shipped.as_one_file()
SCOPES = sorted({row.scope for row in SHIPPED.tool})


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "policy.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("", "empty"),
        ("version = [", "not TOML"),
        (TEXT + "\nsurprise = 1\n", "unknown key"),
        (TEXT.replace('effect = "read"', 'effect = "peek"', 1), "unknown effect"),
        (TEXT + '\n[[floor]]\nid = "cyberos.crm.close_deal"\n', "a floor of its own"),
        (TEXT.replace('confirm = "always"', 'confirm = "never"', 1), "destructive, nobody asked"),
        (TEXT.replace('roles = ["am"]', 'roles = ["agent"]', 1), "an agent in a slot"),
        (TEXT.replace('roles = ["am"]', "roles = []", 1), "a slot for nobody"),
        (TEXT.replace("cyberos.crm.get_deal", "cyberos.crm.list_deals", 1), "two rows, one tool"),
    ],
)
def test_A06_a_table_that_is_not_exactly_a_table_is_unavailable(tmp_path, broken, why):
    with pytest.raises(Fault) as caught:
        load(written(tmp_path, broken))

    assert caught.value.code == "POLICY_UNAVAILABLE", why


def test_A06_a_missing_table_is_unavailable(tmp_path):
    with pytest.raises(Fault) as caught:
        load(tmp_path / "nowhere.toml")

    assert caught.value.code == "POLICY_UNAVAILABLE"


@pytest.mark.parametrize(
    ("weaker", "why"),
    [
        (TEXT.replace('{ slot = "cfo", roles = ["cfo"] }, ', "", 1), "one signature of two"),
        (TEXT.replace('[{ slot = "am", roles = ["am"] }]', '[{ slot = "am", roles = ["sales"] }]'),
         "another role"),
        (TEXT.replace('[{ slot = "am", roles = ["am"] }]',
                      '[{ slot = "am", roles = ["am", "sales"] }]'), "one role more"),
        (TEXT.replace("value = 10_000_000", "value = 10_000_001"), "a higher threshold"),
        (TEXT.replace('field = "customer_sum_24h_usd_minor"', 'field = "rows"'), "another amount"),
        (TEXT.replace("value = 30_000_000", "value = 30_000_001"), "more in a person's name"),
        (TEXT.replace('field = "person_sum_24h_usd_minor"', 'field = "rows"'), "nobody's sum"),
        (TEXT.replace('scope = "crm.read"', 'scope = "core.read"', 1), "a wider scope"),
        (TEXT.replace('op = "==", value = 1', 'op = "==", value = 0', 1), "asks on the second use"),
        (TEXT.replace('roles = ["am", "cfo"]', 'roles = ["am", "cfo", "sales"]', 1),
         "a first use for others"),
        (TEXT + '\n[[tool]]\nid = "cyberos.approvals.approve"\nscope = "core.read"\n'
         'effect = "write"\n', "a tool that approves"),
        (TEXT + '\n[[tool]]\nid = "cyberos.admin.grant_role"\nscope = "admin.bank"\n'
         'effect = "write"\n', "a tool that grants"),
    ],
)  # fmt: skip
def test_A07_a_table_weaker_than_the_floor_does_not_load(tmp_path, weaker, why):
    assert weaker != TEXT, "the mutation did not change anything"

    with pytest.raises(Fault) as caught:
        floor.load_checked(written(tmp_path, weaker))

    assert caught.value.code == "POLICY_TOO_WEAK", why


def test_a_stricter_table_loads(tmp_path):
    stricter = TEXT.replace("value = 10_000_000", "value = 5_000_000")

    assert floor.load_checked(written(tmp_path, stricter)).sha256 != SHIPPED.sha256


def test_a_table_from_before_pieces_were_added_up_was_strong_then_and_is_too_weak_now():
    """Such tables are in the chains of companies that were provisioned with them."""
    no_person = [line for line in TEXT.split("\n") if PERSON_SUM not in line or line[0] == "#"]
    older = "\n".join(no_person).replace(f'field = "{CUSTOMER_SUM}"', 'field = "amount_usd_minor"')
    catalogue = Catalogue.model_validate(tomllib.loads(older))
    assert older != TEXT

    floor.check(catalogue, of_the_past=True)
    with pytest.raises(Fault) as caught:
        floor.check(catalogue)

    assert caught.value.code == "POLICY_TOO_WEAK"


@pytest.mark.parametrize(
    "elsewhere",
    [
        lambda rule: {"deny": [rule]},
        lambda rule: {"confirm": Confirm.PREDICATE, "effect": "write", "ask": [rule]},
        lambda rule: {"escalate": [{"when": [{**rule, "op": "<"}],
                                    "slots": [{"slot": "cro", "roles": ["cro"]}]}]},
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", sorted(SUMS))
def test_a_sum_only_asks_for_more_signatures_above_a_limit(elsewhere, field):
    """What nobody is asked about is not added up, and a sum only becomes smaller afterwards."""
    row = SHIPPED.by_name["crm_close_deal"].model_dump()

    with pytest.raises(ValidationError, match="only for slots above a limit"):
        ToolPolicy.model_validate({**row, **elsewhere({"field": field, "op": ">", "value": 1})})


def test_without_a_table_there_are_the_reading_tools_with_their_scopes():
    left = floor.reading_only()

    assert {row.id for row in left.tool} == {row.id for row in SHIPPED.tool if row.is_read}
    assert all(row.scope == SHIPPED.by_id[row.id].scope for row in left.tool)


@pytest.mark.parametrize("row", SHIPPED.tool, ids=lambda row: row.name)
def test_A05_hints_say_what_the_row_says_all_four_of_them(row: ToolPolicy):
    hints = row.annotations()

    assert set(hints) == {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}
    assert hints["readOnlyHint"] == (row.effect is Effect.READ)
    assert hints["destructiveHint"] == (row.effect is Effect.DESTRUCTIVE)


def test_A13_no_tool_approves_enrols_grants_or_changes_the_policy():
    words = {word for row in SHIPPED.tool for word in row.id.split(".")[-1].split("_")}

    assert words.isdisjoint(floor.NEVER_A_TOOL)


def test_A02_a_tool_is_there_exactly_for_who_holds_its_scope_and_may_write():
    """Every tool, every set of scopes, both modes: the independent oracle is one line."""
    sets = [
        frozenset(chosen)
        for size in range(len(SCOPES) + 1)
        for chosen in itertools.combinations(SCOPES, size)
    ]
    for row, scopes, read_only in itertools.product(SHIPPED.tool, sets, (False, True)):
        expected = row.scope in scopes and (row.effect is Effect.READ or not read_only)

        verdict = admit(row, scopes=scopes, read_only=read_only).verdict

        assert (verdict is Verdict.ALLOW) == expected, (row.id, sorted(scopes), read_only)


@pytest.mark.parametrize("row", SHIPPED.tool, ids=lambda row: row.name)
@pytest.mark.parametrize("tainted", [False, True])
@pytest.mark.parametrize("usd", [None, 0, 9_999_999, 10_000_000, 10_000_001, 2**60])
def test_what_cannot_be_taken_back_always_needs_people(row: ToolPolicy, tainted: bool, usd):
    decision = weigh(row, dict.fromkeys(SUMS, usd), tainted=tainted)

    if row.effect is Effect.DESTRUCTIVE or row.confirm is not Confirm.NEVER:
        # What a predicate asks about is not known here, and the unknown is the worst case.
        assert decision.verdict is Verdict.NEEDS_PEOPLE
        assert decision.slots
        assert decision.assurance >= 3
    else:
        assert decision.verdict is Verdict.ALLOW


@pytest.mark.parametrize("name", ["crm_generate_vietqr", "inv_generate_vietqr"])
@pytest.mark.parametrize(
    ("first", "verdict"),
    [(True, Verdict.NEEDS_PEOPLE), (None, Verdict.NEEDS_PEOPLE), (False, Verdict.ALLOW)],
)
def test_Q02_only_the_first_use_of_an_account_asks_people(name, first, verdict):
    row = SHIPPED.by_name[name]

    assert weigh(row, {"account_first_use": first}, tainted=False).verdict is verdict


@pytest.mark.parametrize(
    ("tool", "of_customer", "of_person", "further"),
    [
        ("crm_close_deal", 10_000_000, 30_000_000, "cro"),
        ("inv_send_invoice", 1_000_000, 10_000_000, "cfo"),
    ],
)
def test_A08_above_either_limit_one_more_person_signs_once(tool, of_customer, of_person, further):
    """Every pair of sums around both limits: the oracle is one line. None: there is no rate."""
    around = [[None, 0, limit - 1, limit, limit + 1, 2**60] for limit in (of_customer, of_person)]
    for customer, person in itertools.product(*around):
        over = customer is None or customer > of_customer or person is None or person > of_person

        decision = weigh(
            SHIPPED.by_name[tool], {CUSTOMER_SUM: customer, PERSON_SUM: person}, tainted=False
        )

        assert [slot.slot for slot in decision.slots] == ["am"] + [further] * over


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [(">", 5, False), (">=", 5, True), ("==", 5, True), ("<", 5, False), ("<=", 5, True)],
)
def test_a_predicate_compares_whole_numbers(op, value, expected):
    predicate = Predicate(field="rows", op=op, value=value)

    assert holds(predicate, {"rows": 5}) is expected
    assert holds(predicate, {"rows": "5"}) is True  # what is no number is the worst case
    assert holds(predicate, {}) is True


def test_a_row_that_is_denied_by_a_predicate_is_denied_for_everybody():
    row = ToolPolicy(
        id="cyberos.crm.test",
        scope="crm.payment",
        effect=Effect.DRAFT,
        deny=(Predicate(field="account_first_use", op="==", value=1),),
    )

    assert weigh(row, {"account_first_use": 1}, tainted=False).verdict is Verdict.DENY
    assert weigh(row, {"account_first_use": 0}, tainted=False).verdict is Verdict.ALLOW
    assert weigh(row, {}, tainted=False).verdict is Verdict.DENY


def test_a_tainted_agent_needs_a_key_of_a_person_where_less_would_do():
    row = SHIPPED.by_name["crm_close_deal"].model_copy(update={"assurance": 2})

    assert weigh(row, {}, tainted=False).assurance == 2
    assert weigh(row, {}, tainted=True).assurance == 3


def test_people_asked_on_a_predicate_are_asked_only_then():
    asking = SHIPPED.by_name["crm_close_deal"].model_dump()
    row = ToolPolicy.model_validate(
        {
            **asking,
            "id": "cyberos.crm.test",
            "effect": "draft",
            "confirm": Confirm.PREDICATE,
            "ask": [{"field": "account_first_use", "op": "==", "value": 1}],
        }
    )

    assert weigh(row, {"account_first_use": 0}, tainted=False).verdict is Verdict.ALLOW
    assert weigh(row, {"account_first_use": 1}, tainted=False).verdict is Verdict.NEEDS_PEOPLE


def test_the_digest_of_a_table_is_that_of_its_meaning():
    reordered = Catalogue(version=1, tool=tuple(reversed(SHIPPED.tool)))

    assert load().sha256 == SHIPPED.sha256
    assert reordered.sha256 != SHIPPED.sha256
