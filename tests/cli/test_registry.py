"""Taxpayer registry commands:
can an operator try the taxpayer registry, and say whether it may be asked about persons?
"""

from tests.cli.console import Place
from tests.sqlite import by_hand

TENANT = ("--tenant", "sao-bien")
KNOWN, REAL, PERSON = "9900000104", "0100109106", "001201123456"


def permissions(place: Place) -> list[int]:
    with by_hand(place.data_dir / "cyberos.db") as connection:
        found = connection.execute(
            "select value from tenant left join tenant_setting s on s.tenant_id = tenant.tenant_id"
            " and s.name = 'taxpayers.asks_about_persons' order by tenant.tenant_id"
        )
        return [value == "true" for (value,) in found.fetchall()]


def test_the_demo_registry_answers_a_command_and_an_agent_and_doctor_names_it(copied):
    found = copied.ok("registry", "ask", KNOWN)
    shown = copied.run("registry", "ask", KNOWN)
    nobody = copied.run("registry", "ask", "9900000999")
    agent = copied.call("crm_validate_mst", {"mst": KNOWN})
    checks = copied.run("doctor", "--json", *TENANT).body["checks"]

    assert found["found"]["name"] == agent["name"] == "CÔNG TY TNHH ĐẠI DƯƠNG"
    assert "State: 00 NNT đang hoạt động" in shown.out
    assert "knows nobody" in nobody.out
    assert (agent["status"], agent["source"]) == ("valid", "embedded")
    assert [one["mark"] for one in checks if one["topic"] == "registry"] == ["ok"]


def test_what_it_cannot_be_asked_is_refused_with_the_next_step(copied):
    real = copied.fault("registry", "ask", REAL)
    person = copied.fault("registry", "ask", PERSON)
    typo = copied.fault("registry", "ask", "123")

    assert (real["code"], real["exit"]) == ("TAX_REGISTRY_INVENTED", 5)
    assert person["code"] == "MST_OF_A_PERSON" and PERSON not in str(person)
    assert typo["code"] == "VN_MST_INVALID"


def test_persons_are_asked_about_only_after_somebody_said_so_and_the_chain_tells_who(copied):
    before = permissions(copied)
    allowed = copied.ok("registry", "persons", "--allow", *TENANT)
    after = permissions(copied)
    copied.ok("registry", "persons", "--refuse", *TENANT)
    verified = copied.run("audit", "verify", *TENANT)
    with by_hand(copied.data_dir / "cyberos.db") as connection:
        told = connection.execute(
            "select count(*) from audit_entry where event = 'tenant.asks_about_persons'"
        ).fetchone()

    assert allowed["asks_about_persons"] is True
    assert (before, sorted(after), permissions(copied)) == ([0, 0], [0, 1], [0, 0])
    assert (verified.code, told) == (0, (2,)), verified.everything


def test_without_a_choice_nothing_changes(copied):
    ended = copied.run("registry", "persons", *TENANT)

    assert ended.code == 2
    assert permissions(copied) == [0, 0]
