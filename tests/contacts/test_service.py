"""Contacts: whose they are, who is the primary one, and who shares an address."""

import pytest

from domain.accounts import service as accounts
from domain.accounts.rules import AccountType
from domain.contacts import service
from domain.contacts.service import PersonName
from domain.kernel.faults import Fault


async def people(world, account_id):
    async with world.looking() as tx:
        rows, more = await service.of_account(tx, account_id, limit=50)
    assert not more
    return [(row.display_name, row.is_primary) for row in rows]


async def test_the_first_is_primary_and_a_new_primary_takes_its_place(world):
    account_id = await world.an_account()

    async with world.owning() as tx:
        for name, primary in (("Trần Lan", None), ("Lê An", False), ("Võ Minh", True)):
            await service.create(tx, account_id, name=PersonName(name), is_primary=primary)

    assert await people(world, account_id) == [
        ("Trần Lan", False), ("Lê An", False), ("Võ Minh", True),
    ]  # fmt: skip


async def test_sharing_an_address_or_a_phone_is_said_and_not_refused(world):
    account_id = await world.an_account()
    async with world.owning() as tx:
        lan = await service.create(
            tx, account_id, name=PersonName("Trần Lan"), email="lan@acme.vn", phone="0903123456"
        )
    async with world.owning() as tx:
        by_email = await service.create(tx, account_id, name=PersonName("Lan"), email="lan@ACME.vn")
        by_phone = await service.create(
            tx, account_id, name=PersonName("Chị Lan"), phone="+84 903 123 456"
        )
        nobody = await service.create(tx, account_id, name=PersonName("Minh"))

    assert by_email.possible_duplicates == by_phone.possible_duplicates == [lan.contact.id]
    assert nobody.possible_duplicates == []
    assert lan.contact.phone_e164 == "+84903123456"


SAME = (
    *("Mau.Tran@Example.VN", "mau.tran@example.vn", "MAU.TRAN@EXAMPLE.VN", "mau.tran@Example.vn"),
    "\uff2dau.Tran@example.vn",
)
SAME_ABROAD = ("x@bücher.vn", "x@xn--bcher-kva.vn", "X@Bücher.VN", "X@XN--BCHER-KVA.VN")


@pytest.mark.both
@pytest.mark.parametrize("spellings", [SAME, SAME_ABROAD])
async def test_an_address_is_the_same_in_whatever_case_and_alphabet_it_is_typed(world, spellings):
    account_id = await world.an_account()
    made = []
    for typed in spellings:
        async with world.owning() as tx:
            made.append(await service.create(tx, account_id, name=PersonName("A"), email=typed))
    async with world.owning() as tx:
        plus = await service.create(tx, account_id, name=PersonName("B"), email="x+1@bücher.vn")

    ids = [one.contact.id for one in made]
    assert [one.possible_duplicates for one in made] == [ids[:place] for place in range(len(ids))]
    assert made[0].contact.email.startswith(spellings[0].partition("@")[0]), "the case is kept"
    assert plus.possible_duplicates == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (PersonName("Nguyễn Văn A"), ("Nguyễn", "Văn", "A", "Nguyễn Văn A")),
        (PersonName(family="Smith", given="John"), ("Smith", "", "John", "Smith John")),
        (
            PersonName("John Smith", family="Smith", given="John"),
            ("Smith", "", "John", "John Smith"),
        ),
    ],
)
async def test_a_name_stays_as_typed_and_has_its_parts(world, name, parts):
    account_id = await world.an_account()

    async with world.owning() as tx:
        made = (await service.create(tx, account_id, name=name)).contact

    assert (made.family_name, made.middle_name, made.given_name, made.display_name) == parts


async def test_an_account_of_another_tenant_has_no_contacts_and_takes_none(world):
    async with world.owning(world.theirs) as tx:
        theirs = await accounts.create(
            tx, name="Theirs", account_type=AccountType.LLC, on=tx.at.date()
        )

    for act in (
        lambda tx: service.of_account(tx, theirs.id, limit=5),
        lambda tx: service.create(tx, theirs.id, name=PersonName("Lan")),
    ):
        with pytest.raises(Fault) as refused:
            async with world.owning() as tx:
                await act(tx)
        assert refused.value.code == "NOT_FOUND"
