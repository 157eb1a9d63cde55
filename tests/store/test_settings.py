"""Settings of the tenant: are they kept, proved, and refused where no module declares them?"""

import os
import sys

import anyio
import pytest
from sqlalchemy import select

from domain.accounts.settings import CUSTOM_FIELDS
from domain.kernel.faults import Fault
from domain.store.chain import SYSTEM as MACHINE
from domain.store.chain import Event
from domain.store.declarations import Mark, Setting, yes_or_no
from domain.store.settings import change_setting, complaints, setting
from domain.store.tables import TenantSetting
from domain.store.tx import writing
from domain.taxpayers.settings import ASKS_ABOUT_PERSONS
from tests.house.reading import ROOT
from tests.traffic import traffic

SCHEMA = {"type": "object", "properties": {"z": {"type": "string"}, "a": {"maximum": 1}}}


def deciding(world):
    """A transaction of which nobody tells the chain, unless it does so itself."""
    return writing(world.owner_side, world.ours.id, world.clock)


async def kept(world):
    async with world.looking() as tx:
        rows = await tx.all(select(TenantSetting).order_by(TenantSetting.name))
        return [(row.name, row.value, row.version) for row in rows]


async def test_a_company_that_decided_nothing_has_the_defaults(world):
    async with world.looking() as tx:
        found = await setting(tx, CUSTOM_FIELDS), await setting(tx, ASKS_ABOUT_PERSONS)

    assert found == ({}, False)
    assert await kept(world) == []


@pytest.mark.both
async def test_what_is_decided_holds_for_that_company_in_the_words_it_was_given(world):
    async with world.owning() as tx:
        changes = [await change_setting(tx, CUSTOM_FIELDS, SCHEMA)]
    async with world.owning() as tx:
        again = dict(reversed(SCHEMA.items()))
        changes.append(await change_setting(tx, CUSTOM_FIELDS, again))
        one_is_not_true = {**SCHEMA, "properties": {"a": {"minimum": 1, "default": True}}}
        changes.append(await change_setting(tx, CUSTOM_FIELDS, one_is_not_true))
        other = {**SCHEMA, "properties": {"a": {"minimum": 1, "default": 1}}}
        changes.append(await change_setting(tx, CUSTOM_FIELDS, other))
        ours = await setting(tx, CUSTOM_FIELDS)
    async with world.looking(world.theirs) as tx:
        theirs = await setting(tx, CUSTOM_FIELDS)

    assert changes == [True, False, True, True]
    assert (ours, theirs) == (other, {})
    assert list(ours) == list(SCHEMA)
    assert [(name, version) for name, _, version in await kept(world)] == [
        ("accounts.custom_fields", 3)
    ]


async def test_a_setting_is_read_in_one_statement(world):
    async with world.looking() as tx:
        with traffic(world.owner_side) as seen:
            await setting(tx, ASKS_ABOUT_PERSONS)

    assert len(seen) == 1


async def test_a_setting_that_no_module_declares_is_refused(world):
    unknown = Setting(name="deals.forgotten", default=False, check=yes_or_no)
    weaker = Setting(name=CUSTOM_FIELDS.name, default={}, check=lambda value: None)

    for one in (unknown, weaker):
        with pytest.raises(Fault) as refused:
            async with world.owning() as tx:
                await change_setting(tx, one, True)
        assert refused.value.code == "SETTING_UNKNOWN"

    assert "domain/accounts/module.py" in str(refused.value.hint)
    assert await kept(world) == []


async def test_a_value_that_its_setting_does_not_take_is_refused(world):
    for one, value in ((CUSTOM_FIELDS, {"type": "array"}), (ASKS_ABOUT_PERSONS, 1)):
        with pytest.raises(Fault):
            async with world.owning() as tx:
                await change_setting(tx, one, value)

    assert await kept(world) == []


async def test_doctor_names_what_is_kept_and_no_module_declares_or_would_take(world):
    async with world.owning() as tx:
        tx.add(TenantSetting(name="gone.module", value="1"))
        tx.add(TenantSetting(name=ASKS_ABOUT_PERSONS.name, value='"yes"'))
        tx.add(TenantSetting(name=CUSTOM_FIELDS.name, value='{"type":"object"}'))
    async with world.looking() as tx:
        found = await complaints(tx)

    assert [(mark, sentence.split()[2]) for mark, sentence in found] == [
        (Mark.WARN, "gone.module"),
        (Mark.FAIL, "taxpayers.asks_about_persons"),
    ]


async def test_a_setting_is_not_changed_without_an_event_that_tells_of_it(world):
    with pytest.raises(AssertionError, match="tenant_setting was written and no event tells"):
        async with deciding(world) as tx:
            await change_setting(tx, ASKS_ABOUT_PERSONS, True)
    async with deciding(world) as tx:
        await change_setting(tx, ASKS_ABOUT_PERSONS, True)
        tx.record(Event("test.decided", MACHINE))

    assert await kept(world) == [("taxpayers.asks_about_persons", "true", 1)]


TOY = {
    "__init__.py": "",
    "settings.py": """
from domain.store.declarations import Setting, yes_or_no

LOUD = Setting(name="toys.loud", default=False, check=yes_or_no)
""",
    "module.py": """
from domain.store.descriptor import Module
from domain.toys.settings import LOUD

MODULE = Module(name="toys", settings=(LOUD,))
""",
}


DECIDES = """
import sys
import anyio
from domain.kernel.clock import SystemClock
from domain.store.chain import SYSTEM, Event
from domain.store.descriptor import modules
from domain.store.engine import Role, connect
from domain.store.settings import change_setting, setting
from domain.store.tx import reading, writing
from domain.toys.settings import LOUD

async def decide(url, tenant):
    database = connect(url, role=Role.OWNER)
    try:
        async with writing(database, tenant, SystemClock()) as tx:
            await change_setting(tx, LOUD, True)
            tx.record(Event("toys.loud_decided", SYSTEM))
        async with reading(database, tenant, SystemClock()) as tx:
            assert await setting(tx, LOUD) is True
    finally:
        await database.close()

anyio.run(decide, *sys.argv[1:])
"""


async def test_a_new_module_brings_its_setting_and_no_file_is_changed(world, tmp_path):
    """A folder beside the others, in a tree that is otherwise ours."""
    toys = tmp_path / "domain" / "toys"
    toys.mkdir(parents=True)
    for name, text in TOY.items():
        (toys / name).write_text(text, "utf-8")
    for there in (ROOT / "domain").iterdir():
        (tmp_path / "domain" / there.name).symlink_to(there)
    url = world.owner_side.writer.url.render_as_string(hide_password=False)

    ended = await anyio.run_process(
        [sys.executable, "-c", DECIDES, url, world.ours.id],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr.decode()
    assert await kept(world) == [("toys.loud", "true", 1)]
