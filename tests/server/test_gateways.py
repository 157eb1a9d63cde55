"""Gateways: who is asked outside?
What the operator configured, the invented one in a demo, else nobody.
"""

import subprocess
import sys

import pytest

from domain.kernel.faults import Fault
from domain.taxpayers.registry import TaxRegistry
from server import settings, wiring
from server.cli import mcp_config
from server.gateways.tax_registry.embedded import EmbeddedTaxRegistry
from server.gateways.tax_registry.http import HttpTaxRegistry

URL = "https://registry.example/v2/business"


def registry_of(**environment):
    return wiring.ports(settings.read(environment))[TaxRegistry]


async def test_without_a_setting_nobody_is_asked(tmp_path):
    with pytest.raises(Fault) as caught:
        await registry_of(CYBEROS_DATA_DIR=str(tmp_path)).look_up("9900000104")

    assert caught.value.code == "TAX_REGISTRY_NOT_CONFIGURED"
    assert "CYBEROS_MST_REGISTRY_URL" in caught.value.hint


async def test_a_demo_has_an_invented_registry_that_a_setting_replaces(tmp_path):
    (tmp_path / "demo.json").write_text("{}")
    place = {"CYBEROS_DATA_DIR": str(tmp_path)}
    elsewhere = {**place, "CYBEROS_DATABASE_URL": "postgresql://somebody@db.example/real"}

    assert isinstance(registry_of(**place), EmbeddedTaxRegistry)
    assert isinstance(registry_of(**place, CYBEROS_MST_REGISTRY_URL=URL), HttpTaxRegistry)
    assert not isinstance(registry_of(**elsewhere), EmbeddedTaxRegistry)


def test_the_setting_is_handed_to_clients(tmp_path):
    place = {"CYBEROS_DATA_DIR": str(tmp_path), "CYBEROS_MST_REGISTRY_URL": URL}

    made = mcp_config.entry(settings.read(place), tmp_path / "agent.token")

    assert made["env"]["CYBEROS_MST_REGISTRY_URL"] == URL


def test_a_server_starts_without_loading_what_asks_outside():
    heavy = ("server.gateways.http_client", "server.gateways.tax_registry.http", "fixtures.vn")
    program = f"import sys, server.mcp_server; print([n for n in {heavy} if n in sys.modules])"

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (said.stdout.strip(), said.returncode) == ("[]", 0)
