"""`cyberos-crm` works the pipeline as an agent: one call through the gate for each command."""

import json
import re
from itertools import count

import pytest

from server.app import guarded
from tests.cli.console import AM

_NUMBERS = count(1)


def test_an_account_is_created_and_its_entry_in_the_chain_named(place):
    name = f"Công ty TNHH Thép Mới {next(_NUMBERS)}"

    done = place.crm(
        "account", "create", "--name", name, "--type", "LLC", "--owner", "linh.tran@saobien.example"
    )

    assert (done.code, done.err) == (0, "")
    created, audit = done.out.splitlines()
    account_id = re.fullmatch(r"\[create\] account_id: ([0-9A-Z]{26})", created)
    assert account_id and re.fullmatch(r"\[audit\] brain seq=\d+ chain=[0-9a-f]{12}…", audit)
    assert place.call("crm_get_account", {"id": account_id[1]})["name"] == name


def test_the_entry_that_is_named_is_the_one_of_this_very_call(place):
    name = f"Công ty TNHH Thép Cũ {next(_NUMBERS)}"

    said = json.loads(place.crm("account", "create", "--name", name, "--type", "llc", "--json").out)
    tail = place.ok("audit", "tail", "--tenant", "sao-bien", "-n", "1")["entries"]

    assert said["ok"] is True
    assert (said["audit"]["seq"], said["id"]) == (tail[-1]["seq"], tail[-1]["object"])


def test_a_dry_run_writes_nothing_and_says_so(place):
    name = f"Chưa Có {next(_NUMBERS)}"

    done = place.crm(
        "account", "create", "--name", name, "--type", "llc", "--dry-run", "--lang", "en"
    )

    assert done.out.splitlines()[-1] == "[audit] dry run, nothing was written"
    assert place.call("crm_search_accounts", {"query": name})["accounts"] == []


def test_contacts_of_an_account_are_listed_in_the_company_s_language(place):
    account = place.demo["accounts"]["Công ty TNHH Đại Dương"]

    assert place.crm("contact", "list", "--account", account).out.splitlines() == [
        "display_name    email                        phone         salutation  primary",
        "Nguyễn Thị Hòa  hoa.nguyen@daiduong.example  +84901000101  Chị         có",
        "Đỗ Văn Ánh      anh.do@daiduong.example      +84901000102  Anh         không",
    ]


def test_lists_give_the_ids_that_other_commands_take(place):
    deal_id = place.a_deal(name="Một cơ hội dễ tìm")
    found = place.crm("account", "list", "--query", "dai duong").out
    open_deals = place.crm("deal", "list", "--stage", "qualifying").out

    assert place.demo["accounts"]["Công ty TNHH Đại Dương"] in found
    assert deal_id in open_deals
    assert max(map(len, (found + open_deals).splitlines())) <= 80


def test_a_deal_moves_a_stage(place):
    deal_id = place.a_deal()

    done = place.crm("deal", "move", "--id", deal_id, "--to-stage", "discovery", "--lang", "en")

    assert done.code == 0, done.err
    assert done.out.splitlines()[:3] == [
        "[validate] transition qualifying → discovery allowed",
        "[move] deal status: open stage: discovery probability: 25%",
        "[ws] whoever follows the board hears of it",
    ]
    assert done.out.splitlines()[3].startswith("[audit] brain seq=")


def test_closing_waits_for_people_and_following_it_tells_the_whole_flow(embedded):
    deal_id = embedded.a_deal(name="Một cơ hội để chốt")

    asked = embedded.crm("deal", "close", "--id", deal_id, "--outcome", "won", "--lang", "en")
    action_id = re.search(r"action_id=([0-9A-Z]{26})", asked.out)[1]
    waits = embedded.crm("deal", "follow", "--action", action_id, "--lang", "en")
    embedded.ok("approve", action_id, *embedded.signing(AM))
    closed = embedded.crm("deal", "follow", "--action", action_id, "--lang", "en")

    assert asked.code == waits.code == closed.code == 0
    assert "[close] status=pending_approval" in asked.out
    assert f"[close] sign it with: cyberos approve {action_id} --as E-MAIL --key FILE" in asked.out
    assert "[close]   · AM" in waits.out
    first, *rest = closed.out.splitlines()
    assert re.fullmatch(r"\[close\] status=won · closed_date=\d{4}-\d\d-\d\d", first)
    drafted = rest.pop(2)
    assert re.fullmatch(
        r"\[inv\] INV invoice registered \(invoice=INV-\d{4}-\d\d-\d{3} · status=draft\)", drafted
    )
    assert rest[:-1] == [
        "[vietqr] skipped: the first use of the account waits for people: call crm_generate_vietqr",
        "[hoadon] skipped: issued when the invoice is sent",
        '[proj] Engagement created: "Một cơ hội để chốt"',
        "[brain] the event waits for a receiver; none is connected yet",
    ]
    assert rest[-1].startswith("[audit] brain seq=")


def test_waiting_ends_when_the_time_is_up(embedded):
    deal_id = embedded.a_deal()

    asked = embedded.crm("deal", "close", "--id", deal_id, "--outcome", "won", "--wait", "1")

    assert asked.code == 0
    assert "[close] status=pending " in asked.out


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (("account", "create", "--name", "X", "--type", "gmbh"), "INVALID_ARGS", 2),
        (("account", "create", "--name", "X"), "USAGE", 2),
        (("contact", "list", "--account", "0" * 26), "NOT_FOUND", 3),
        (("deal", "list", "--lang", "fr"), "LANGUAGE_UNKNOWN", 2),
        (("deal", "dance"), "USAGE", 2),
    ],
)
def test_a_refusal_is_a_fault_like_any_other(embedded, arguments, code, exit_code):
    plain, as_json = embedded.crm(*arguments), embedded.crm(*arguments, "--json")

    assert (plain.code, plain.out) == (exit_code, "")
    assert plain.err.startswith(f"{code}: ")
    assert (as_json.code, as_json.err) == (exit_code, "")
    assert (as_json.body["ok"], as_json.body["code"]) == (False, code)


def test_an_agent_without_the_scope_learns_no_more_than_that_it_has_no_such_tool(embedded):
    deal_id = embedded.a_deal()
    move = ("deal", "move", "--id", deal_id, "--to-stage", "discovery")

    refused = embedded.crm(*move, agent="reader_agent")

    assert refused.code == 5
    assert refused.err.startswith(
        "COMMAND_UNAVAILABLE: This agent has no tool crm_move_stage here."
    )


def test_a_forecast_is_shown(embedded):
    asked = embedded.crm("forecast", "--pipeline", "sales", "--range", "90d", "--lang", "en")

    assert (asked.code, asked.err) == (0, "")
    assert asked.out.splitlines()[0] == "pipeline: sales (next 90 days)"


def test_a_private_deal_of_somebody_else_looks_like_nothing_at_all(embedded):
    private = embedded.demo["deals"]["private"]
    move = ("--to-stage", "discovery", "--json")

    hidden = embedded.crm("deal", "move", "--id", private, *move)
    invented = embedded.crm("deal", "move", "--id", "0" * 26, *move)

    assert hidden.body == invented.body
    assert hidden.body["code"] == "NOT_FOUND"


def test_the_token_is_found_by_the_name_of_the_agent(embedded):
    known = embedded.crm_program("--agent", "reader_agent", "deal", "list")
    several = embedded.crm_program("deal", "list")
    wrong = embedded.crm_program(
        "--token-file", str(embedded.data_dir / "demo.json"), "deal", "list"
    )

    assert (known.code, known.err) == (0, "")
    assert known.out.startswith("deal_id")
    assert several.err.startswith("AGENT_REQUIRED: ")
    assert wrong.err.startswith("TOKEN_INVALID: ")


def test_our_own_mistake_names_the_program_that_was_started(capsys):
    def broken() -> int:
        raise ZeroDivisionError

    assert guarded(broken, [], program="cyberos-crm") == 70
    assert "`cyberos-crm --debug ...`" in capsys.readouterr().err
