"""Policy and tools: a row without a tool and a fact nobody computes are found beforehand."""

import pytest
from mcp.shared.exceptions import MCPError

from domain.identity.service import known_scopes
from domain.kernel.faults import Fault
from policies.gate import fitting, floor, shipped
from policies.gate.catalogue import Catalogue
from policies.gate.registry import LazyRegistry, module_of
from server import settings, wiring

SHIPPED = floor.load_checked()


def table_with(tmp_path, text):
    file = tmp_path / "policy.toml"
    file.write_text(text, encoding="utf-8")
    return floor.load_checked(file)


def test_the_shipped_table_fits_the_tools():
    assert list(fitting.unfit(SHIPPED, wiring.registry())) == []


def test_every_scope_of_the_table_is_declared_by_a_module():
    assert undeclared_scopes(SHIPPED) == []


def undeclared_scopes(table: Catalogue) -> list[str]:
    """The rows with a scope that no module knows."""
    return [
        f"{row.id} needs the scope {row.scope}, which no domain/<module>/module.py declares"
        for row in table.tool
        if row.scope not in known_scopes()
    ]


def test_a_row_with_a_scope_of_nobody_is_named():
    row = SHIPPED.by_name["whoami"].model_copy(update={"scope": "core.guess"})

    (said,) = undeclared_scopes(SHIPPED.model_copy(update={"tool": (row,)}))

    assert "cyberos.whoami needs the scope core.guess" in said


def test_a_fact_that_a_tool_does_not_compute_is_named_before_the_table_counts(tmp_path):
    sum_limit = '[[tool.escalate]]\nwhen = [\n  { field = "customer_sum_24h_usd_minor"'
    more = (
        '[[tool.escalate]]\nwhen = [{ field = "amount_usd", op = ">", value = 1 }]\n'
        'slots = [{ slot = "cfo", roles = ["cfo"], self = "never" }]\n\n'
    )
    table_with(tmp_path, shipped.as_one_file().replace(sum_limit, more + sum_limit, 1))
    here = settings.read({"CYBEROS_POLICY_FILE": str(tmp_path / "policy.toml")})

    with pytest.raises(Fault) as refused:
        wiring.policy_to_activate(here)

    assert refused.value.code == "POLICY_UNFIT"
    assert (
        "cyberos.crm.close_deal asks about amount_usd, which it does not know; it knows "
        "amount_usd_minor, customer_sum_24h_usd_minor, person_sum_24h_usd_minor"
    ) in refused.value.message


def test_a_row_without_a_tool_names_the_file_that_is_missing(tmp_path):
    table = table_with(
        tmp_path,
        shipped.as_one_file()
        + '\n[[tool]]\nid = "cyberos.crm.list_x"\nscope = "crm.read"\neffect = "read"\n',
    )

    assert list(fitting.unfit(table, wiring.registry())) == [
        "cyberos.crm.list_x has a policy row, but there is no such tool (tools/crm/list_x.py)"
    ]


@pytest.mark.parametrize(
    ("id", "module"),
    [
        ("cyberos.whoami", "tools.core.whoami"),
        ("cyberos.crm.close_deal", "tools.crm.close_deal"),
        ("os.path", None),
        ("cyberos.crm.close_deal\n", None),
        ("cyberos.crm..close_deal", None),
        ("cyberos.a.b.c", None),
        ("cyberos.CRM.x", None),
    ],
)
def test_an_id_says_in_which_file_its_tool_is_declared(id, module):
    assert module_of(id) == module


@pytest.mark.parametrize(
    "id",
    [
        "cyberos.crm.no_such_tool",
        "cyberos.nowhere.tool",
        "cyberos.crm.views",  # a file, and no tool
        "cyberos.core.whoami",  # a file of another id
        "this.is.no_id",
        "../../etc/passwd",
    ],
)
def test_an_id_that_is_no_tool_finds_none_wherever_it_came_from(id):
    assert LazyRegistry().get(id) is None


async def test_a_row_of_an_operator_without_a_tool_is_called_in_vain_and_breaks_nothing(world):
    extra = SHIPPED.by_name["whoami"].model_copy(update={"id": "cyberos.crm.views"})
    world.catalogue = SHIPPED.model_copy(update={"tool": (*SHIPPED.tool, extra)})

    async with world.client() as client:
        listed = {one.name for one in (await client.list_tools()).tools}
        with pytest.raises(MCPError, match="Unknown tool"):
            await client.call_tool("crm_views", {})

        assert "whoami" in listed and "crm_views" not in listed
        assert not (await client.call_tool("whoami", {})).is_error
