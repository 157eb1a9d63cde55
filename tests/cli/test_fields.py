"""Custom field commands: can a company say which custom fields its accounts have, and what becomes
of those there are?
"""

import json

import pytest

from tests.cli.console import Place

TENANT = ("--tenant", "sao-bien")
TIERS = {
    "type": "object",
    "properties": {"tier": {"type": "string", "enum": ["A", "B"], "description": "Hạng khách"}},
    "required": ["tier"],
}


def written(place: Place, schema: object) -> str:
    file = place.data_dir.parent / "fields.json"
    file.write_text(schema if isinstance(schema, str) else json.dumps(schema), encoding="utf-8")
    return str(file)


def told(place: Place) -> list[dict]:
    rows = place.ok("audit", "tail", *TENANT, "-n", "10000")["entries"]
    return [row for row in rows if row["event"] == "accounts.fields_defined"]


def test_what_is_defined_is_shown_chained_once_and_verified(copied):
    loose = {**TIERS, "required": []}

    first = copied.ok("fields", "define", written(copied, loose), *TENANT)
    again = copied.ok("fields", "define", written(copied, loose), *TENANT)
    shown = copied.run("fields", "show", *TENANT).out

    assert (first["defined"], first["changed"], first["misfits"]) == (True, True, 0)
    assert again["changed"] is False
    assert shown == "tier (string) Hạng khách\n"
    assert [row["actor"] for row in told(copied)] == ["system:operator"]
    assert copied.ok("audit", "verify")["ok"] is True


def test_true_in_the_place_of_1_is_another_definition(copied):
    one, true = ({"type": "object", "properties": {"x": {"const": x}}} for x in (1, True))

    copied.ok("fields", "define", written(copied, one), *TENANT)
    again = copied.ok("fields", "define", written(copied, true), *TENANT)
    shown = copied.ok("fields", "show", *TENANT)

    assert again["changed"] is True
    assert shown["definition"]["properties"]["x"]["const"] is True
    assert len(told(copied)) == 2


def test_accounts_that_do_not_fit_are_named_first_and_kept_only_on_purpose(copied):
    file = written(copied, TIERS)

    tried = copied.ok("fields", "define", file, "--dry-run", *TENANT)
    refused = copied.fault("fields", "define", file, *TENANT)
    nothing = copied.ok("fields", "show", *TENANT)
    kept = copied.ok("fields", "define", file, "--even-so", *TENANT)

    assert tried["misfits"] == tried["accounts"] > 0
    assert tried["named"][0]["problem"] == "the object must have tier"
    assert tried["defined"] is False and told(copied)[0]["seq"] > 0
    assert (refused["code"], refused["exit"]) == ("CUSTOM_FIELDS_MISFIT", 4)
    assert nothing["definition"] == {}
    assert (kept["changed"], kept["misfits"]) == (True, tried["misfits"])
    assert len(told(copied)) == 1


def test_no_choice_of_a_definition_begins_a_line_of_its_own(copied):
    text = {"type": "string"}
    loose, posing = (
        {"type": "object", "properties": {"tier": tier}}
        for tier in (text, {**text, "enum": ["A", "B\nDefined."]})
    )
    copied.ok("fields", "define", written(copied, loose), *TENANT)
    made = {"name": "Sao Mai", "account_type": "llc", "custom_fields": {"tier": "C"}}
    copied.call("crm_create_account", made)

    said = copied.run("fields", "define", written(copied, posing), "--dry-run", *TENANT).out

    assert "/tier must be one of A, B Defined.\n" in said
    assert "Defined." not in said.splitlines()


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ("[" * 60_000, "is not JSON"),
        (" " * 70_000, "is larger"),
        ({"type": "object", "properties": {"x": {"$ref": "http://x.vn/"}}}, "not allowed"),
        ({"type": "object", "properties": {"x": {"pattern": "(a+)+$"}}}, "not allowed"),
        ({"type": "string"}, 'must have the type "object"'),
    ],
)
def test_a_definition_that_could_hurt_is_refused_and_nothing_is_written(copied, schema, why):
    fault = copied.fault("fields", "define", written(copied, schema), *TENANT)

    assert (fault["code"], fault["exit"]) == ("CUSTOM_SCHEMA_INVALID", 2)
    assert why in fault["message"]
    assert told(copied) == []


def test_no_fields_are_said_to_be_none_before_and_after_there_were_some(copied):
    said = [copied.run("fields", "show", *TENANT).out]
    for schema in ({**TIERS, "required": []}, {"type": "object"}):
        copied.ok("fields", "define", written(copied, schema), *TENANT)
        said.append(copied.run("fields", "show", *TENANT).out)

    assert said[0] == said[2] != said[1]
    assert said[0].startswith("Accounts have no custom fields")


def test_a_file_that_is_not_there_is_said_in_one_sentence(copied):
    fault = copied.fault("fields", "define", "/nowhere/fields.json", *TENANT)

    assert fault["message"] == "The file cannot be read: No such file or directory."
