"""`cyberos call` makes one call of any tool as an agent: what is typed, what comes back."""

import json
from itertools import count

import pytest

from policies.gate import floor
from tests.cli.console import AM, Ended, Place

_NUMBERS = count(1)
CATALOGUE = floor.load_checked()


def call(place: Place, *arguments: str, agent: str = "cro_agent") -> Ended:
    """One command, as an agent of the demo."""
    return place.run("call", "--agent", agent, *arguments)


def said(place: Place, *arguments: str, agent: str = "cro_agent") -> dict:
    """Its JSON answer."""
    ended = call(place, *arguments, "--json", agent=agent)
    assert ended.code == 0, ended.everything
    return ended.body


def test_a_call_answers_what_the_tool_answers(place):
    name = f"Công ty Gọi Lệnh {next(_NUMBERS)}"

    created = said(place, "crm_create_account", f"name={name}", "account_type=llc")
    found = said(place, "crm_get_account", f"id={created['id']}")

    assert found.pop("ok") is True
    assert found == place.call("crm_get_account", {"id": created["id"]})
    assert found["name"] == name


def test_without_json_the_lines_are_those_of_the_tool(place):
    shown = call(place, "crm_list_deals", "status=open", "limit=1", "fields=name,stage")

    assert (shown.code, shown.err) == (0, "")
    assert len(shown.out.splitlines()) == 2 and "there are more: cursor " in shown.out


def test_every_argument_becomes_what_the_schema_wants(place):
    """A text of digits stays a text; numbers, switches, lists and objects are none."""
    deal = {"account_id": place.demo["accounts"]["Công ty TNHH Đại Dương"], "name": "007"}
    made = said(
        place,
        "crm_create_deal",
        f"account_id={deal['account_id']}",
        "name=007",
        "amount_minor=250000000",
        "expected_close_date=2027-03-31",
        "dry_run=true",
        "visibility=private",
        "shared_with=duc.nguyen@saobien.example, ha.pham@saobien.example",
    )
    listed = said(place, "crm_list_deals", 'fields:=["name"]', "limit:=1")

    assert (made["name"], made["amount_minor"]) == ("007", 250_000_000)
    assert made["expected_close_date"] == "2027-03-31"
    assert set(listed["deals"][0]) >= {"name"} and len(listed["deals"]) == 1
    missing = place.call("crm_list_deals", {"account_id": deal["account_id"], "limit": 200})
    assert "007" not in [one["name"] for one in missing["deals"]]


def test_long_text_comes_from_a_file(place, tmp_path):
    account = place.demo["accounts"]["Công ty TNHH Đại Dương"]
    (tmp_path / "note.txt").write_text("Dòng một\nDòng hai có dấu = và @\n", "utf-8")
    (tmp_path / "all.json").write_text('{"a": [1, "hai"]}', "utf-8")

    logged = said(
        place, "crm_log_activity", f"account_id={account}", "kind=note", "subject=Từ tệp",
        f"body=@{tmp_path / 'note.txt'}", "dry_run=true",
    )  # fmt: skip
    refused = call(
        place, "crm_update_account", f"account_id={account}",
        f"custom_fields:=@{tmp_path / 'all.json'}", "--json",
    )  # fmt: skip

    assert "Dòng hai có dấu = và @" in json.dumps(logged, ensure_ascii=False)
    assert refused.body["code"] != "ARGUMENT_INVALID", "it was read as JSON and got to the gate"


def test_what_needs_people_waits_for_them_and_is_no_failure(embedded):
    deal_id = embedded.a_deal()

    asked = call(embedded, "crm_close_deal", f"deal_id={deal_id}", "outcome=won")
    pending = said(embedded, "crm_close_deal", f"deal_id={deal_id}", "outcome=won")
    embedded.ok("approve", pending["action_id"], *embedded.signing(AM))
    followed = said(embedded, "approvals_get", f"action_id={pending['action_id']}")

    assert asked.code == 0 and "Nothing has happened yet" in asked.out
    assert pending["status"] == "pending_approval"
    assert followed["state"] == "succeeded"


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (["crm_make_coffee"], "UNKNOWN_TOOL", 3),
        (["admin_add_bank_account", "bank_bin=970436"], "UNKNOWN_TOOL", 3),
        (["../contracts/whoami"], "UNKNOWN_TOOL", 3),
        (["crm_get_deal", "id=01ARZ3NDEKTSV4RRFFQ69G5FAV"], "NOT_FOUND", 3),
        (["crm_list_deals", "limit=many", "colour=red"], "INVALID_ARGS", 2),
        (["crm_list_deals", "limit=007"], "INVALID_ARGS", 2),
        (["crm_list_deals", "limit=1", "limit=2"], "ARGUMENT_INVALID", 2),
        (["crm_list_deals", "limit"], "ARGUMENT_INVALID", 2),
        (["crm_list_deals", "=1"], "ARGUMENT_INVALID", 2),
        (["crm_list_deals", "limit:=x"], "ARGUMENT_INVALID", 2),
        (["crm_list_deals", 'limit:={"a":1,"a":2}'], "ARGUMENT_INVALID", 2),
        (["crm_list_deals", "limit:=" + "[" * 100_000], "ARGUMENT_INVALID", 2),
        (["crm_list_deals", "query=@/no/such/file"], "FILE_UNREADABLE", 2),
        (["crm_list_deals", "query=@/dev/zero"], "FILE_UNREADABLE", 2),
        (["crm_list_deals", "--limit", "1"], "USAGE", 2),
        (["crm_list_deals", "--lang", "fr"], "LANGUAGE_UNKNOWN", 2),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_the_exit_codes_of_other_commands(
    embedded, arguments, code, exit_code
):
    fault = embedded.fault("call", "--agent", "cro_agent", *arguments)

    assert (fault["code"], fault["exit"]) == (code, exit_code)


def test_every_argument_that_is_wrong_is_named_at_once(embedded):
    ended = call(embedded, "crm_list_deals", "limit=many", "colour=red")

    assert ended.out == "" and ended.code == 2
    assert "limit input should be a valid integer" in ended.err and "colour" in ended.err


def test_a_wrong_token_opens_nothing(embedded, tmp_path):
    (tmp_path / "token").write_text("cyb_x")

    fault = embedded.fault("call", "--token-file", str(tmp_path / "token"), "whoami")

    assert (fault["code"], fault["exit"]) == ("TOKEN_INVALID", 5)


def test_the_list_names_what_this_agent_may_call(embedded):
    listed = said(embedded, "--list")["tools"]
    lines = call(embedded, "--list").out.splitlines()

    scopes = set(place_scopes(embedded))
    may = sorted(row.name for row in CATALOGUE.tool if row.scope in scopes)
    assert [one["name"] for one in listed] == may
    assert [line.split()[0] for line in lines] == may
    assert "phải có người ký" in next(line for line in lines if line.startswith("crm_close_deal"))


def place_scopes(place: Place) -> list[str]:
    """What the demo's agent may do."""
    agents = place.ok("agent", "list", "--tenant", "sao-bien")["agents"]
    return next(one["scopes"] for one in agents if one["name"] == "cro_agent")


@pytest.mark.parametrize("row", CATALOGUE.tool, ids=lambda row: row.name)
def test_help_tells_the_contract_of_a_tool_to_whom_it_is_there(embedded, row):
    ended = call(embedded, row.name, "--help", "--lang", "en")

    if row.scope not in {"core.read", "crm.read", "crm.write", "crm.close", "crm.payment"}:
        assert (ended.code, ended.out) == (3, "")
        return
    contract = said(embedded, row.name, "--help")["tool"]
    assert ended.out.startswith(f"{row.name}: {contract['title']}")
    assert contract["description"] in ended.out
    for name, shape in contract["inputSchema"].get("properties", {}).items():
        line = next(one for one in ended.out.splitlines() if one.startswith(f"  {name} "))
        assert shape["description"].rstrip(".") in line
        assert ("required" in line) == (name in contract["inputSchema"].get("required", []))


def test_without_a_tool_it_says_how_it_is_used(embedded):
    bare, asked = embedded.run("call"), embedded.run("call", "--help")

    assert bare.code == asked.code == 0
    assert bare.out == asked.out and "cyberos call" in bare.out and "--list" in bare.out


def test_its_words_are_vietnamese_where_the_company_is(embedded):
    shown = call(embedded, "crm_get_deal", "--help").out

    assert "Tham số:" in shown and "chữ, bắt buộc" in shown
