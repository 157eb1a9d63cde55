"""Bootstrap of a company: how does it start? `cyberos init`, with flags or in a conversation."""

from pathlib import Path
from typing import Any

import typer

from domain.identity.roles import ROLES
from domain.kernel.faults import Fault, Kind
from domain.store.engine import Role
from policies.approvals import coverage
from policies.gate import personas
from policies.gate.catalogue import Catalogue
from server import wiring
from server.cli import mcp_config
from server.cli.agents import DAYS
from server.cli.company_checks import checked
from server.cli.context import opened, perform, read_settings
from server.cli.conversation import Typed, new_company
from server.cli.key_files import KeyFiles, private_directory
from server.cli.migrate import bring_to_head
from server.cli.provisioning import NewCompany, ProvisionedCompany, provision
from server.cli.render import answer, say
from server.settings import Settings

FIRST_JOB = "crm"  # what the first agent is for: policies/personas.toml says what that takes

DEMO = typer.Option(False, "--demo", help="Load the demo company instead.")
FRESH = typer.Option(False, "--fresh", help="With --demo: throw the old demo away first.")
CODE = typer.Option(None, help="Short name, such as sao-bien.")
NAME = typer.Option(None, help="Name of the company.")
LOCALE = typer.Option("vi", help="Language people read: vi or en.")
ZONE = typer.Option("Asia/Ho_Chi_Minh", help="Where the company works.")
ADMIN_NAME = typer.Option(None, help="Name of the first administrator.")
ADMIN_EMAIL = typer.Option(None, help="E-mail address of the first administrator.")
ADMIN_ROLES = typer.Option(
    None, help=f"Roles of the administrator, of {', '.join(sorted(ROLES))}; admin if unset."
)
PASSPHRASE = typer.Option(None, help="File with the passphrase of the administrator's key.")
ROOT_PASSPHRASE = typer.Option(None, help="File with the passphrase of the root key.")
OPERATOR_PASSPHRASE = typer.Option(
    None,
    help="File with the passphrase of the operator key; the administrator's opens it if unset.",
)
PERSON = typer.Option(
    None,
    "--person",
    help="Somebody else: 'EMAIL;NAME;role,role[;PASSPHRASE_FILE]'. May be repeated.",
)
BANK_BIN = typer.Option(None, help="Six-digit BIN of the bank customers pay to.")
BANK_ACCOUNT = typer.Option(None, help="Account number there.")
BANK_NAME = typer.Option(None, help="Holder, as the bank writes it.")
BANK_CURRENCY = typer.Option("VND", help="Currency of the account.")
NO_BANK = typer.Option(
    False, "--no-bank-account", help="None now; later it takes a CFO and an admin to add one."
)
AGENT_NAME = typer.Option("cro_agent", help="Name of the first agent.")
AGENT_FOR = typer.Option(None, help="E-mail of the person it acts for; the administrator if unset.")
AGENT_DAYS = typer.Option(DAYS, min=1, max=366, help="How long its token is valid.")
SCOPES_OF = typer.Option(
    None,
    "--scopes",
    help=f"What it may do, comma-separated; what the persona {FIRST_JOB} may if unset.",
)
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)


def init(
    demo: bool = DEMO,
    fresh: bool = FRESH,
    tenant_code: str | None = CODE,
    tenant_name: str | None = NAME,
    locale: str = LOCALE,
    time_zone: str = ZONE,
    admin_name: str | None = ADMIN_NAME,
    admin_email: str | None = ADMIN_EMAIL,
    admin_roles: str | None = ADMIN_ROLES,
    passphrase_file: Path | None = PASSPHRASE,
    root_passphrase_file: Path | None = ROOT_PASSPHRASE,
    operator_passphrase_file: Path | None = OPERATOR_PASSPHRASE,
    person: list[str] | None = PERSON,
    bank_bin: str | None = BANK_BIN,
    bank_account: str | None = BANK_ACCOUNT,
    bank_name: str | None = BANK_NAME,
    bank_currency: str = BANK_CURRENCY,
    no_bank_account: bool = NO_BANK,
    agent_name: str = AGENT_NAME,
    agent_for: str | None = AGENT_FOR,
    agent_days: int = AGENT_DAYS,
    scopes: str | None = SCOPES_OF,
    as_json: bool = JSON,
) -> None:
    """Set up a company, or the demo company.

    Database, keys, people, pipelines, bank account and an agent. Asks in a terminal for what is
    not given. A second run adds another tenant.
    """
    if fresh and not demo:
        raise Fault("USAGE", Kind.INVALID, "--fresh belongs to --demo.", "give both, or neither.")
    if demo:
        from server.cli.demo_company import init_demo

        init_demo(fresh=fresh, as_json=as_json)
        return
    typed = Typed(
        code=tenant_code,
        name=tenant_name,
        locale=locale,
        time_zone=time_zone,
        admin_name=admin_name,
        admin_email=admin_email,
        admin_roles=admin_roles,
        passphrase_file=passphrase_file,
        root_passphrase_file=root_passphrase_file,
        operator_passphrase_file=operator_passphrase_file,
        people=person or [],
        bank=(bank_bin, bank_account, bank_name),
        bank_currency=bank_currency,
        no_bank=no_bank_account,
        agent=(agent_name, agent_for, _first_scopes(scopes), agent_days),
    )
    _init_company(typed, as_json=as_json)


def _first_scopes(typed: str | None) -> str:
    return ",".join(personas.persona(FIRST_JOB).scopes) if typed is None else typed


def _init_company(typed: Typed, *, as_json: bool) -> None:
    settings = read_settings()
    if KeyFiles(settings).demo.exists():
        raise Fault(
            "DATA_DIR_IS_DEMO",
            Kind.CONFLICT,
            "This data directory holds the demo company, whose keys protect nothing.",
            "set CYBEROS_DATA_DIR to a directory of its own for the real company.",
        )
    mcp_config.read(settings)  # a damaged one is better found before anything is written
    catalogue = wiring.policy_to_activate(settings)
    with_keys = {path.parent.name for path in settings.keys_dir.glob("*/*.key")}
    new = checked(new_company(typed, catalogue, with_keys))
    company = provision_here(settings, new, catalogue)
    _, token_file = company.agents[new.agents[0].name]
    config = mcp_config.write(settings, new.code, token_file)
    report = _report(settings, new, company, config, catalogue)
    if as_json:
        answer(report)
    else:
        say(_as_text(report))


def provision_here(settings: Settings, new: NewCompany, catalogue: Catalogue) -> ProvisionedCompany:
    """Make directory and database ready, and found the company in it."""

    async def provisioning() -> ProvisionedCompany:
        await bring_to_head(settings)
        async with opened(Role.OWNER, settings) as context:
            return await provision(context, new, catalogue)

    private_directory(settings.data_dir)
    return perform(provisioning)


def _report(
    settings: Settings,
    new: NewCompany,
    company: ProvisionedCompany,
    config: Path,
    catalogue: Catalogue,
) -> dict[str, Any]:
    agent_id, token_file = company.agents[new.agents[0].name]
    return {
        "tenant": {"id": company.tenant_id, "code": company.code, "name": new.name},
        "data_dir": str(settings.data_dir),
        "database": "sqlite" if settings.is_embedded else "postgresql",
        "root_key": str(company.root_key),
        "operator_key": str(company.operator_key),
        "people": [
            {
                "email": email,
                "id": company.people[email],
                "roles": sorted(set(person.roles)),
                "key_id": company.person_keys[email][0],
                "key": str(company.person_keys[email][1]),
            }
            for email, person in zip(company.people, new.people, strict=True)
        ],
        "pipelines": dict(company.pipeline_ids),
        "bank_accounts": list(company.bank_accounts),
        "agent": {
            "id": agent_id,
            "name": new.agents[0].name,
            "scopes": sorted(set(new.agents[0].scopes)),
            "token_file": str(token_file),
        },
        "mcp_config": str(config),
        "database_url_left_out": mcp_config.hides_password(settings),
        "roles_nobody_holds": coverage.missing_roles(
            catalogue, {role for person in new.people for role in person.roles}
        ),
    }


def _as_text(report: dict[str, Any]) -> str:
    lines = [f"{report['tenant']['name']} ({report['tenant']['code']}) is ready.", ""]
    lines += ["Keys, each opened by its passphrase alone:"]
    lines += [
        f"  {one['email']} ({', '.join(one['roles'])}): {one['key']}" for one in report["people"]
    ]
    lines += [
        "",
        f"The root key {report['root_key']} vouches for all others.",
        "  Move it to a medium that is kept locked away, now, and delete it here. It is needed",
        "  again to add a person, to change roles, and to replace a key.",
        f"The operator key {report['operator_key']} signs agents, rates,",
        "  the seller's profile, addresses of bank feeds, and who left; it gives no role.",
        "  It need not lie on this machine: those commands take it with --key.",
        "",
        f"The agent {report['agent']['name']} finds its token in {report['agent']['token_file']}.",
        f"Clients start the server as {report['mcp_config']} says; `cyberos connect` shows how.",
    ]
    if report["database_url_left_out"]:
        lines += [
            "  It leaves out CYBEROS_DATABASE_URL, which has a password: set it there yourself."
        ]
    if report["roles_nobody_holds"]:
        roles = ", ".join(report["roles_nobody_holds"])
        lines += ["", f"Nobody holds {roles}: what needs their signature cannot be approved."]
        lines += ["  `cyberos person add` adds somebody who does."]
    return "\n".join(lines)
