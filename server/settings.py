"""Settings: where is everything on this machine? Environment variables and the data directory.

Every variable is described in docs/operating.md; a test keeps the two together.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from domain.kernel.faults import Fault, Kind

VARIABLES = (
    "CYBEROS_DATA_DIR",
    "CYBEROS_DATABASE_URL",
    "CYBEROS_AGENT_TOKEN",
    "CYBEROS_AGENT_TOKEN_FILE",
    "CYBEROS_POLICY_FILE",
    "CYBEROS_TRUST_FILE",
    "CYBEROS_INBOX_URL",
    "CYBEROS_MST_REGISTRY_URL",
    "CYBEROS_EINVOICE_URL",
    "CYBEROS_SMTP_URL",
    "CYBEROS_SIGNING_KEY_FILE",
    "CYBEROS_SIGNING_PASSPHRASE_FILE",
    "CYBEROS_LOG_LEVEL",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says, with every default filled in."""

    data_dir: Path
    database_url: str
    agent_token: str | None
    agent_token_file: Path | None
    policy_file: Path | None
    trust_file: Path
    inbox_url: str | None
    mst_registry_url: str | None
    einvoice_url: str | None
    smtp_url: str | None = field(repr=False)  # it may hold a password
    signing_key_file: Path | None
    signing_passphrase_file: Path | None
    log_level: str

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a file of this machine."""
        return self.database_url.startswith("sqlite")

    @property
    def database_file(self) -> Path | None:
        """The embedded database."""
        if not self.is_embedded:
            return None
        return Path(self.database_url.partition(":///")[2])

    @property
    def checkpoint_dir(self) -> Path:
        """Signed checkpoints of the audit chains, outside the database."""
        return self.data_dir / "checkpoints"

    @property
    def documents_dir(self) -> Path:
        """The files of documents, below the id of their tenant."""
        return self.data_dir / "documents"

    @property
    def is_demo(self) -> bool:
        """Whether this is the demo company's own database, where facts may be invented."""
        return self.is_embedded and (self.data_dir / "demo.json").exists()

    @property
    def sandbox_dir(self) -> Path:
        """What a demo's embedded services were handed."""
        return self.data_dir / "sandbox"

    @property
    def keys_dir(self) -> Path:
        """Private keys made by `cyberos init`."""
        return self.data_dir / "keys"


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the environment; SETTING_UNKNOWN for a variable of ours that does not exist.

    A misspelt variable would otherwise be a safety switch that somebody believes to be on.
    """
    unknown = sorted(
        name
        for name in environment
        if name.startswith("CYBEROS_") and not name.startswith("CYBEROS_TEST_")
        if name not in VARIABLES
    )
    if unknown:
        raise Fault(
            "SETTING_UNKNOWN",
            Kind.INVALID,
            f"There is no setting {unknown[0]}.",
            f"settings are {', '.join(VARIABLES)}.",
        )
    data_dir = Path(environment.get("CYBEROS_DATA_DIR") or _default_data_dir()).absolute()
    url = environment.get("CYBEROS_DATABASE_URL") or f"sqlite+aiosqlite:///{data_dir}/cyberos.db"
    token_file = environment.get("CYBEROS_AGENT_TOKEN_FILE")
    policy_file = environment.get("CYBEROS_POLICY_FILE")
    signing_key, signing_passphrase = (
        environment.get(f"CYBEROS_SIGNING_{name}_FILE") for name in ("KEY", "PASSPHRASE")
    )
    return Settings(
        data_dir=data_dir,
        database_url=_with_driver(url),
        agent_token=environment.get("CYBEROS_AGENT_TOKEN") or None,
        agent_token_file=Path(token_file) if token_file else None,
        policy_file=Path(policy_file) if policy_file else None,
        trust_file=Path(environment.get("CYBEROS_TRUST_FILE") or data_dir / "trust.json"),
        inbox_url=environment.get("CYBEROS_INBOX_URL") or None,
        mst_registry_url=_address(environment.get("CYBEROS_MST_REGISTRY_URL")),
        einvoice_url=_address(environment.get("CYBEROS_EINVOICE_URL")),
        smtp_url=_mail_address(environment.get("CYBEROS_SMTP_URL")),
        signing_key_file=Path(signing_key) if signing_key else None,
        signing_passphrase_file=Path(signing_passphrase) if signing_passphrase else None,
        log_level=environment.get("CYBEROS_LOG_LEVEL", "WARNING").upper(),
    )


def _default_data_dir() -> str:
    from platformdirs import user_data_dir

    return user_data_dir("cyberos", appauthor=False)


def _address(url: str | None) -> str | None:
    if not url:
        return None
    from server.gateways.addresses import check_address  # only where somebody is to be asked

    check_address(url)
    return url


def _mail_address(url: str | None) -> str | None:
    if not url:
        return None
    from server.gateways.addresses import mail_server  # as above

    mail_server(url)
    return url


def _with_driver(url: str) -> str:
    """Accept the addresses people write: `sqlite:///...`, `postgresql://...`, `postgres://...`."""
    scheme, colon, rest = url.partition(":")
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    drivers["postgres"] = drivers["postgresql"]
    if scheme not in drivers and scheme not in drivers.values():
        raise Fault(
            "SETTING_INVALID",
            Kind.INVALID,
            "CYBEROS_DATABASE_URL must begin with sqlite or postgresql.",
        )
    return f"{drivers.get(scheme, scheme)}{colon}{rest}"
