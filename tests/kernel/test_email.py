"""However somebody types an address, it is one person's."""

import unicodedata

import pytest

from domain.identity import queries, service
from domain.kernel.email import spelling
from domain.kernel.faults import Fault

KEPT = "lê@xn--bcher-kva.example"
TYPED = [
    "lê@bücher.example",
    unicodedata.normalize("NFD", "Lê@Bücher.example"),
    "LÊ@XN--BCHER-KVA.example",
    "\N{FULLWIDTH LATIN SMALL LETTER L}ê@bücher.example",
]


@pytest.mark.parametrize("typed", TYPED)
def test_an_address_has_one_spelling(typed):
    assert spelling(typed) == KEPT


@pytest.mark.parametrize("typed", TYPED)
async def test_a_person_is_found_by_every_spelling_and_added_once(world, typed):
    async with world.owning() as tx:
        person, _ = await service.add_person(
            tx, email=TYPED[0], display_name="Lê", roles=["am"], workspaces=[]
        )
        found = await queries.person_by_email(tx, typed)
        with pytest.raises(Fault) as refused:
            await service.add_person(
                tx, email=typed, display_name="Lê", roles=["am"], workspaces=[]
            )

    assert (found.id, found.email) == (person.id, KEPT)
    assert refused.value.code == "PERSON_EXISTS"
