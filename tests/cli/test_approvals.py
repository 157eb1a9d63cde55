"""Approvals in a terminal: can the right people, and only
they, decide about an action from a terminal?
"""

import pytest

from domain.approvals import service as approvals
from domain.approvals import signed
from domain.approvals.facts import Decision
from domain.approvals.refusals import refusal
from domain.identity import keys
from domain.kernel.faults import Fault
from domain.store.engine import Role
from policies.approvals import voting
from policies.approvals.binding import bound
from policies.approvals.executor import ExecutionReport
from server import wiring
from server.cli import decisions
from server.cli.action_view import ActionView, build
from server.cli.context import locate, looking, opened, perform
from server.cli.decisions import Decided
from tests.cli.console import ADMIN, AM, BOTH, CFO, CRO, DPO, SALES, Place, environ
from tests.sqlite import without_triggers

UNKNOWN_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def carried_out(place: Place, action_id: str, answer: dict) -> dict:
    """The state after a complete quorum; on PostgreSQL a worker takes the last step."""
    if place.is_embedded:
        assert answer["state"] == "succeeded"
    else:
        assert answer["state"] == "approved"
        place.ok("work", "--once")
    return place.ok("show", action_id)["action"]


def approve(place: Place, action_id: str, who: str, *more: str) -> dict:
    return place.ok("approve", action_id, *place.signing(who), "--wait", "0", *more)


def test_an_account_manager_signs_and_the_deal_is_closed_once(place):
    action_id = place.proposed()

    answer = approve(place, action_id, AM)
    action = carried_out(place, action_id, answer)

    assert answer["slot"] == "am"
    assert answer["waits_for"] == []
    assert action["state"] == "succeeded"
    assert action["result"]["deal"]["status"] == "won"
    assert [one["by"] for one in action["decisions"]] == ["Nguyễn Minh Đức"]
    again = place.fault("approve", action_id, *place.signing(BOTH))
    assert again["code"] in {"ACTION_NOT_PENDING", "SLOT_FILLED"}
    assert again["exit"] == 4


def test_a_large_deal_waits_for_the_cro_too(place):
    action_id = place.proposed(amount_minor=2_700_000_000)

    first = approve(place, action_id, AM)
    second = approve(place, action_id, CRO)

    assert (first["state"], first["waits_for"]) == ("pending", ["cro"])
    assert carried_out(place, action_id, second)["state"] == "succeeded"


def test_a_bank_account_takes_two_distinct_people(place):
    action_id = place.proposed_bank_account()

    first = approve(place, action_id, CFO)
    twice = place.fault("approve", action_id, *place.signing(CFO))
    also_cfo = place.fault("approve", action_id, *place.signing(BOTH))
    second = approve(place, action_id, ADMIN)

    assert (first["slot"], first["waits_for"]) == ("cfo", ["admin"])
    assert (twice["code"], twice["exit"]) == ("ALREADY_DECIDED", 4)
    assert (also_cfo["code"], also_cfo["exit"]) == ("SLOT_FILLED", 4)
    assert carried_out(place, action_id, second)["state"] == "succeeded"


@pytest.mark.parametrize("who", [SALES, CRO, CFO, DPO, ADMIN])
def test_the_wrong_role_is_refused_and_the_attempt_is_chained(embedded, who):
    action_id = embedded.proposed()

    fault = embedded.fault("approve", action_id, *embedded.signing(who))

    assert (fault["code"], fault["exit"]) == ("ROLE_NOT_ELIGIBLE", 5)
    assert embedded.ok("show", action_id)["action"]["state"] == "pending"
    newest = embedded.ok("audit", "tail", "--tenant", "sao-bien", "-n", "1")["entries"][0]
    assert newest["event"] == "action.decision_refused"
    assert (newest["code"], newest["action_id"]) == ("ROLE_NOT_ELIGIBLE", action_id)


def test_whom_an_agent_acts_for_cannot_sign_where_the_policy_says_never(place):
    token = an_agent_for(place, CFO, "core.read,admin.bank")
    action_id = place.proposed_bank_account(token)

    fault = place.fault("approve", action_id, *place.signing(CFO))

    assert (fault["code"], fault["exit"]) == ("SELF_APPROVAL", 5)
    assert approve(place, action_id, BOTH)["slot"] == "cfo"


def test_whom_an_agent_acts_for_may_sign_one_slot_where_the_policy_says_so(place):
    token = an_agent_for(place, AM, "core.read,crm.read,crm.write,crm.close")
    asked = {"deal_id": place.a_deal(), "outcome": "won"}
    action_id = place.call_as(token, "crm_close_deal", asked)["action_id"]

    answer = approve(place, action_id, AM)

    assert carried_out(place, action_id, answer)["state"] == "succeeded"


def an_agent_for(place: Place, who: str, scopes: str) -> str:
    email = place.signing(who)[1]
    added = place.ok(
        "agent", "add", "--tenant", "sao-bien", "--name", f"agent-{len(place.seen)}-{scopes}",
        "--for", email, "--scopes", scopes, "--show-token",
    )  # fmt: skip
    return added["token"]


def test_a_wrong_passphrase_opens_nothing(embedded, tmp_path):
    action_id = embedded.proposed()
    wrong = tmp_path / "wrong"
    wrong.write_text("not the passphrase\n")
    flags = [*embedded.signing(AM)[:-1], str(wrong)]

    fault = embedded.fault("approve", action_id, *flags)

    assert (fault["code"], fault["exit"]) == ("KEY_PASSPHRASE_WRONG", 5)
    assert embedded.ok("show", action_id)["action"]["decisions"] == []


def test_somebody_elses_key_does_not_sign_for_them(embedded):
    action_id = embedded.proposed()
    _, email, *others = embedded.signing(AM)

    fault = embedded.fault("approve", action_id, "--as", email, *embedded.signing(BOTH)[2:])

    assert others
    assert (fault["code"], fault["exit"]) == ("APPROVER_KEY_UNKNOWN", 5)


def test_a_key_that_nobody_enrolled_signs_nothing(embedded, tmp_path):

    action_id = embedded.proposed()
    _, email, _, _, flag, passphrase = embedded.signing(AM)
    words = (embedded.data_dir / passphrase).read_text().strip()
    keys.save(keys.generate(), tmp_path / "own.key", keys.Passphrase(words), kdf_rounds=16)

    fault = embedded.fault(
        "approve", action_id, "--as", email, "--key", str(tmp_path / "own.key"), flag, passphrase
    )

    assert fault["code"] == "APPROVER_KEY_UNKNOWN"


def test_an_unknown_id_and_another_companys_look_the_same(place):
    token = place.demo["other_tenant"]["agents"]["other_agent"]["token"]
    asked = {"deal_id": place.demo["deals"]["other_tenant"], "outcome": "won"}
    theirs = place.call_as(token, "crm_close_deal", asked)["action_id"]
    mine = place.signing(AM)

    invented = [
        place.fault("approve", UNKNOWN_ID, *mine),
        place.fault("reject", UNKNOWN_ID, *mine, "--reason", "no"),
        place.fault("show", UNKNOWN_ID, "--as", mine[1]),
        place.fault("approve", "nonsense", *mine),
    ]
    foreign = [
        place.fault("approve", theirs, *mine),
        place.fault("reject", theirs, *mine, "--reason", "no"),
        place.fault("show", theirs, "--as", mine[1]),
        place.fault("approve", theirs, *mine, "--tenant", "sao-bien"),
    ]

    assert foreign == invented
    assert (invented[0]["code"], invented[0]["exit"]) == ("ACTION_NOT_FOUND", 3)
    assert approve(place, theirs, "son.trinh")["slot"] == "am"


def test_somebody_unknown_is_nobody(embedded):
    action_id = embedded.proposed()
    flags = ["--as", "nobody@saobien.example", *embedded.signing(AM)[2:]]

    assert embedded.fault("approve", action_id, *flags)["code"] == "PERSON_UNKNOWN"
    assert embedded.fault("inbox", *flags[:2])["code"] == "PERSON_UNKNOWN"
    assert embedded.fault("inbox", "--tenant", "nowhere")["code"] == "TENANT_UNKNOWN"


def test_what_changed_since_it_was_proposed_is_out_of_date(place):
    deal_id = place.a_deal()
    asked = {"deal_id": deal_id, "outcome": "won"}
    action_id = place.call("crm_close_deal", asked)["action_id"]
    place.call("crm_move_stage", {"deal_id": deal_id, "to_stage": "discovery"})

    fault = place.fault("approve", action_id, *place.signing(AM))

    assert (fault["code"], fault["exit"]) == ("ENTITY_CHANGED", 4)


def test_a_no_ends_the_action_and_tells_why(place):
    action_id = place.proposed()
    flags = [*place.signing(AM), "--reason", "Chưa có hợp đồng ký tay"]

    answer = place.ok("reject", action_id, *flags)

    assert (answer["state"], answer["decision"]) == ("rejected", "reject")
    action = place.ok("show", action_id)["action"]
    assert action["decisions"][0]["reason"] == "Chưa có hợp đồng ký tay"
    assert action["result"] is None
    assert place.fault("approve", action_id, *place.signing(BOTH))["exit"] == 4
    assert "từ chối bởi Nguyễn Minh Đức" in place.run("show", action_id).out


@pytest.mark.parametrize("reason", ["", "   ", "a\x1b[2Jb", "\u202eabc", "x" * 501])
def test_a_reason_is_one_plain_line(embedded, reason):
    action_id = embedded.proposed()

    fault = embedded.fault("reject", action_id, *embedded.signing(AM), "--reason", reason)

    assert (fault["code"], fault["exit"]) == ("REASON_INVALID", 2)


def test_the_inbox_of_a_person_holds_what_they_can_sign(place):
    small, large = place.proposed(), place.proposed(amount_minor=2_700_000_000)
    bank = place.proposed_bank_account()

    def waiting(who: str) -> dict[str, str]:
        listed = place.ok("inbox", "--as", place.signing(who)[1])["actions"]
        return {one["action_id"]: one["your_slot"] for one in listed}

    assert waiting(AM).items() >= {small: "am", large: "am"}.items()
    assert bank not in waiting(AM)
    assert large in waiting(CRO) and small not in waiting(CRO)
    assert waiting(BOTH)[bank] == "cfo"
    assert waiting(ADMIN)[bank] == "admin"
    assert waiting(SALES) == {}
    approve(place, large, AM)
    assert large not in waiting(AM)
    assert waiting(CRO)[large] == "cro"


def test_the_inbox_begins_with_what_expires_first(place):
    place.proposed()
    place.proposed_bank_account()

    actions = place.ok("inbox")["actions"]

    ends = [one["expires_at"] for one in actions]
    assert ends == sorted(ends)
    assert {one["state"] for one in actions} == {"pending"}


def test_the_inbox_shows_settled_actions_when_asked(embedded):
    action_id = embedded.proposed()
    approve(embedded, action_id, AM)

    assert action_id not in [one["action_id"] for one in embedded.ok("inbox")["actions"]]
    assert action_id in [one["action_id"] for one in embedded.ok("inbox", "--all")["actions"]]


def test_an_action_as_json_has_everything_a_signature_covers(place):
    action_id = place.proposed(note_to_approver="Khách đã ký")

    action = place.ok("show", action_id)["action"]

    assert set(action) == {
        "action_id", "tenant", "state", "tool", "display", "summary", "effects", "amount", "entity",
        "requester", "tainted", "slots", "decisions", "created_at", "expires_at", "args",
        "args_sha256", "policy", "claim", "result", "error_code", "similar_customers",
        "since_asked", "supersedes", "others", "read_untrusted",
    }  # fmt: skip
    assert action["slots"] == [{"slot": "am", "roles": ["am"], "filled": False}]
    assert action["amount"]["amount_minor"] == 2_500_000
    assert action["requester"]["name"] == "cro_agent"
    assert action["requester"]["for_email"] == "linh.tran@saobien.example"
    assert action["claim"] == "Khách đã ký"
    assert action["args"].startswith('{"deal_id":"')


def test_the_servers_words_come_first_and_the_agents_last(embedded):
    claim = "Đã được CEO duyệt. Signatures needed: none"
    action_id = embedded.proposed(note_to_approver=claim)

    shown = embedded.run("show", action_id, "--lang", "en").out
    vietnamese = embedded.run("show", action_id).out

    places = [
        shown.index(text)
        for text in (
            "Outcome   WON: ",
            "Amount    VND 2,500,000",
            "Customer  ",
            "What will happen, in this order:",
            "agent cro_agent, for Trần Thị Mỹ Linh",
            "Expires",
            "Signatures needed:\n  am (am): open",
            "Call that will run:\n  cyberos.crm.close_deal",
            '  > {"deal_id":',
            f"The agent's own words (checked by nobody):\n  > {claim}",
        )
    ]
    assert places == sorted(places)
    assert shown.rstrip().endswith(claim)
    assert "2.500.000 ₫" in vietnamese
    assert "Lời của tác tử (không ai kiểm chứng):" in vietnamese


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pending_action SET args_json = replace(args_json, 'won', 'lost') WHERE id = ?",
        "UPDATE pending_action SET summary = replace(summary, 'THẮNG', 'THUA') WHERE id = ?",
        "UPDATE pending_action SET display = replace(display, 'WON:', 'LOST:') WHERE id = ?",
        "UPDATE pending_action SET amount_minor = 1 WHERE id = ?",
        "UPDATE pending_action SET amount_usd_minor = 1 WHERE id = ?",
        "UPDATE pending_action SET effects = '[]' WHERE id = ?",
        "UPDATE pending_action SET taint = 1 - taint WHERE id = ?",
        "UPDATE pending_action SET claim = 'the CFO agrees' WHERE id = ?",
        "UPDATE pending_action SET slots = json_remove(slots, '$[0]') WHERE id = ?",
    ],
)
def test_a_damaged_action_is_not_shown_as_if_it_were_whole(copied, statement):
    whole, damaged = copied.proposed(), copied.proposed()
    with without_triggers(copied.data_dir / "cyberos.db") as connection:
        connection.execute(statement, (damaged,))

    faults = [
        copied.fault("show", damaged)["code"],
        copied.fault("approve", damaged, *copied.signing(AM))["code"],
    ]
    inbox = copied.ok("inbox")

    assert faults == ["ARGS_TAMPERED", "ARGS_TAMPERED"]
    assert inbox["damaged"] == [damaged]
    assert whole in [one["action_id"] for one in inbox["actions"]]
    assert f"{damaged} không còn như lúc được đề xuất" in copied.run("inbox").err
    assert f"{damaged} is not as it was proposed" in copied.run("inbox", "--lang", "en").err


def test_what_is_signed_is_what_was_on_the_screen(embedded):
    shown, other = embedded.proposed(), embedded.proposed()
    email = embedded.signing(AM)[1]
    key_id = embedded.demo["people"][email]["key_id"]

    async def looking_at_one_and_signing_the_other() -> None:
        async with opened(Role.INBOX) as context:
            approval_context = wiring.approval_context(context.settings)
            company = await locate(context, shown, email=email)
            async with looking(context, company) as tx:
                view = await build(tx, company, await approvals.load(tx, shown), approval_context)
                named = {"email": email, "key_id": key_id, "decision": Decision.APPROVE}
                on_screen = bound(view.row, approval_context.trust.deploy)
                same = await voting.prepare(tx, approval_context, shown, **named)
                signed.check_shown(on_screen, same.payload)
                another = await voting.prepare(tx, approval_context, other, **named)
                signed.check_shown(on_screen, another.payload)

    with environ(embedded.env), pytest.raises(Fault) as caught:
        perform(looking_at_one_and_signing_the_other)

    assert caught.value.code == "APPROVAL_MISMATCH"


@pytest.mark.parametrize(
    ("state", "cause", "code"),
    [
        ("succeeded", "NOT_APPROVED", None),  # a worker was faster than we
        ("pending", None, None),
        ("approved", None, None),
        ("approved", "POLICY_UNAVAILABLE", "POLICY_UNAVAILABLE"),
        ("stale", "ENTITY_CHANGED", "ENTITY_CHANGED"),
        ("failed", None, "ACTION_FAILED"),
        ("unknown", None, "EFFECT_UNKNOWN"),
    ],
)
def test_a_signature_for_what_then_could_not_run_is_no_success(embedded, state, cause, code):
    action_id = embedded.proposed()

    async def on_the_table() -> ActionView:
        async with opened(Role.INBOX) as context:
            approval_context = wiring.approval_context(context.settings)
            company = await locate(context, action_id)
            async with looking(context, company) as tx:
                return await build(
                    tx, company, await approvals.load(tx, action_id), approval_context
                )

    with environ(embedded.env):
        view = perform(on_the_table)
    fault = refusal(cause, state=state) if cause else None
    decided = Decided(None, view, state, ExecutionReport(action_id, state, fault=fault))

    if code is None:
        decisions.check_outcome(decided)
        return
    with pytest.raises(Fault) as caught:
        decisions.check_outcome(decided)
    assert caught.value.code == code
    assert caught.value.message.startswith("The signature is recorded")
    assert caught.value.facts == {"action_id": action_id, "state": state}


def test_an_agent_that_read_untrusted_input_is_marked(embedded):
    embedded.call("crm_get_deal", {"id": embedded.demo["deals"]["first_talk"]})
    action_id = embedded.proposed()

    assert embedded.ok("show", action_id)["action"]["tainted"] is True
    warning = "WARNING: this agent has read untrusted text from outsiders."
    assert warning in embedded.run("show", action_id, "--lang", "en").out


def test_approving_shows_the_action_before_it_is_signed(embedded):
    action_id = embedded.proposed()

    ended = embedded.run("approve", action_id, *embedded.signing(AM), "--lang", "en")

    assert ended.code == 0
    assert ended.out.index("What will happen") < ended.out.index("Approved: am")
    assert "State: done (succeeded)" in ended.out
    assert ended.err == ""


def test_without_a_terminal_the_passphrase_must_be_in_a_file(embedded, tmp_path):
    action_id = embedded.proposed()
    flags = embedded.signing(AM)[:-2]
    nothing = tmp_path / "nothing"
    nothing.write_text("\n")

    assert embedded.fault("approve", action_id, *flags)["code"] == "PASSPHRASE_REQUIRED"
    for file in (nothing, tmp_path / "absent", tmp_path):
        fault = embedded.fault("approve", action_id, *flags, "--passphrase-file", str(file))
        assert fault["code"] == "PASSPHRASE_UNREADABLE"


def test_no_command_of_people_shows_a_secret(embedded):
    action_id = embedded.proposed()

    embedded.run("inbox")
    embedded.run("show", action_id)
    embedded.run("approve", action_id, *embedded.signing(CRO))
    embedded.run("approve", action_id, *embedded.signing(AM))

    shown = "".join(embedded.seen)
    assert [secret for secret in embedded.secrets() if secret in shown] == []


def test_the_chain_holds_every_step(place):
    action_id = place.proposed_bank_account()
    approve(place, action_id, CFO)
    carried_out(place, action_id, approve(place, action_id, ADMIN))

    verified = place.ok("audit", "verify")

    assert [one["sound"] for one in verified["tenants"]] == [True, True]
    rows = place.ok("audit", "tail", "--tenant", "sao-bien", "-n", "10000")["entries"]
    assert [row["event"] for row in rows if row["action_id"] == action_id] == [
        "action.proposed",
        "action.approved_by",
        "action.approved_by",
        "action.approved",
        "action.executing",
        "cyberos.admin.add_bank_account",
        "action.succeeded",
    ]
