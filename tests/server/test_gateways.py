"""Gateways: who is asked outside?
What the operator configured, the invented one in a demo, else nobody.
"""

import subprocess
import sys

import pytest

from domain.einvoices.transmitter import Accepted, SignedXmlTransmitter
from domain.kernel.faults import Fault
from domain.mailing.port import MailSender
from domain.taxpayers.registry import TaxRegistry
from policies.gate.contract import is_definite_no, nothing_left
from server import settings, signing_files, wiring
from server.cli import mcp_config
from server.gateways.tax_registry.embedded import EmbeddedTaxRegistry
from server.gateways.tax_registry.http import HttpTaxRegistry
from tests.gateways.sandbox import einvoices, hdon, mail_server

URL = "https://registry.example/v2/business"


def registry_of(**environment):
    return wiring.ports(settings.read(environment))[TaxRegistry]


def port_of(port, **environment):
    return wiring.ports(settings.read(environment))[port]


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


EINVOICE, SMTP = "https://provider.example/einvoice", "smtps://a:k9canary@mail.example"


async def fault_of(asked):
    with pytest.raises(Fault) as caught:
        await asked
    return caught.value


def submitted(**environment):
    return port_of(SignedXmlTransmitter, **environment).submit("M-1", hdon())


def mailed(**environment):
    sender = port_of(MailSender, **environment)
    return sender.send(b"Subject: x\r\n\r\n", sender="a@b.example", to=["c@d.example"])


async def test_without_a_setting_nothing_can_be_sent(tmp_path):
    place = {"CYBEROS_DATA_DIR": str(tmp_path)}

    refused = [await fault_of(submitted(**place)), await fault_of(mailed(**place))]

    assert [one.code for one in refused] == ["EINVOICE_NOT_CONFIGURED", "MAIL_NOT_CONFIGURED"]
    assert all(nothing_left(one) and not is_definite_no(one) for one in refused)


async def test_a_demo_sends_into_its_own_folder_and_a_later_process_finds_it(tmp_path):
    (tmp_path / "demo.json").write_text("{}")
    place = {"CYBEROS_DATA_DIR": str(tmp_path)}

    answer, letter = await submitted(**place), await mailed(**place)

    assert isinstance(answer, Accepted)
    assert await port_of(SignedXmlTransmitter, **place).ask("M-1") == answer
    assert letter == "250 kept as letter.eml"
    kept = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*") if path.is_file()}
    assert kept == {"demo.json", "sandbox/einvoice/M-1.json", "sandbox/mail/letter.eml"}


async def test_a_demo_may_talk_to_a_sandbox_of_this_machine(tmp_path):
    (tmp_path / "demo.json").write_text("{}")
    place = {"CYBEROS_DATA_DIR": str(tmp_path)}
    async with einvoices() as (url, sandbox), mail_server() as (port, mail):
        answer = await submitted(**place, CYBEROS_EINVOICE_URL=url)
        await mailed(**place, CYBEROS_SMTP_URL=f"smtp://127.0.0.1:{port}")
        came = len(sandbox.provider.received())

    assert isinstance(answer, Accepted) and (came, len(mail.letters)) == (1, 1)


@pytest.mark.parametrize("demo", [True, False], ids=["demo", "real company"])
async def test_a_live_gateway_is_refused_on_an_embedded_database(tmp_path, demo):
    if demo:
        (tmp_path / "demo.json").write_text("{}")
    place = {"CYBEROS_DATA_DIR": str(tmp_path)}
    ask = port_of(SignedXmlTransmitter, **place, CYBEROS_EINVOICE_URL=EINVOICE).ask("M-1")

    refused = [
        await fault_of(submitted(**place, CYBEROS_EINVOICE_URL=EINVOICE)),
        await fault_of(mailed(**place, CYBEROS_SMTP_URL=SMTP)),
        await fault_of(ask),
    ]

    assert [one.code for one in refused] == ["LIVE_GATEWAY_REFUSED"] * 3
    assert all(nothing_left(one) and not is_definite_no(one) for one in refused)
    assert all(one.facts == {"level": "D0"} for one in refused)


async def test_a_sandbox_of_this_machine_is_live_for_a_real_company(tmp_path):
    place = {"CYBEROS_DATA_DIR": str(tmp_path)}
    async with einvoices() as (url, sandbox), mail_server() as (port, mail):
        refused = [
            await fault_of(submitted(**place, CYBEROS_EINVOICE_URL=url)),
            await fault_of(mailed(**place, CYBEROS_SMTP_URL=f"smtp://127.0.0.1:{port}")),
        ]
        came = sandbox.provider.received(), mail.letters

    assert [one.code for one in refused] == ["LIVE_GATEWAY_REFUSED"] * 2 and came == ([], [])


def test_a_server_for_agents_is_not_told_what_the_executor_needs(tmp_path):
    place = {"CYBEROS_DATA_DIR": str(tmp_path), "CYBEROS_SMTP_URL": SMTP}

    made = mcp_config.entry(settings.read(place), tmp_path / "agent.token")

    assert "k9canary" not in str(made) and "k9canary" not in repr(settings.read(place))


def signing(tmp_path, **names):
    named = {f"CYBEROS_SIGNING_{name}_FILE": str(tmp_path / file) for name, file in names.items()}
    return settings.read({"CYBEROS_DATA_DIR": str(tmp_path), **named})


def test_the_signing_key_is_its_owners_alone(tmp_path):
    for name in ("key.p12", "passphrase"):
        (tmp_path / name).write_bytes(b"x")
        (tmp_path / name).chmod(0o600)
    found = signing(tmp_path, KEY="key.p12", PASSPHRASE="passphrase")

    assert signing_files.checked(found) == (tmp_path / "key.p12", tmp_path / "passphrase")

    (tmp_path / "passphrase").chmod(0o640)
    with pytest.raises(Fault, match=r"SIGNING_KEY_EXPOSED.*0640"):
        signing_files.checked(found)


@pytest.mark.parametrize(
    "names",
    [
        *({}, {"KEY": "key"}, {"PASSPHRASE": "key"}),
        *({"KEY": "key", "PASSPHRASE": "gone"}, {"KEY": ".", "PASSPHRASE": "key"}),
    ],
)
def test_half_a_signing_key_is_none(tmp_path, names):
    (tmp_path / "key").write_bytes(b"x")
    (tmp_path / "key").chmod(0o600)

    with pytest.raises(Fault, match="SIGNING_KEY_MISSING"):
        signing_files.checked(signing(tmp_path, **names))


def test_the_setting_is_handed_to_clients(tmp_path):
    place = {"CYBEROS_DATA_DIR": str(tmp_path), "CYBEROS_MST_REGISTRY_URL": URL}

    made = mcp_config.entry(settings.read(place), tmp_path / "agent.token")

    assert made["env"]["CYBEROS_MST_REGISTRY_URL"] == URL


def test_a_server_starts_without_loading_what_asks_outside():
    heavy = (
        *("server.gateways.http_client", "server.gateways.tax_registry.http", "fixtures.vn"),
        *("server.gateways.einvoice", "server.gateways.mail", "server.deployment", "aiosmtplib"),
    )
    program = f"import sys, server.mcp_server; print([n for n in {heavy} if n in sys.modules])"

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (said.stdout.strip(), said.returncode) == ("[]", 0)
