"""Backup of an installation: `cyberos backup FILE`.

A backup holds the embedded database as of one moment, beside what it takes to verify it: trusted
roots, checkpoints with the public half of their key, the policy, mcp.json. Private keys and tokens
are left out unless they are asked for, because a backup lies in more places than its owner knows.
"""

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from sqlalchemy import URL, make_url

from domain.kernel.clock import stamp
from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind
from domain.store import audit_source, checkpoints, directory, sqlite_file
from domain.store.audit_report import Report
from domain.store.revision import HEAD, check_revision
from policies.approvals import trust
from policies.audit.files import verify_files
from server import archive, wiring
from server.archive import DATABASE, DOCUMENTS, Manifest
from server.cli.context import perform, read_settings
from server.cli.render import answer, one_line, say
from server.settings import Settings

MCP = "mcp.json"
PUBLIC_KEYS = f"keys/{checkpoints.PUBLIC_FILE}"
SECRET_FOLDERS = ("keys", "tokens", "root", "operator")
_TOKEN = re.compile(rb"cyb_[0-9A-Z]{26}_[0-9A-Z]{26}_")
_DATABASE_PASSWORD = re.compile(rb"://[^/@\s\"]*:[^/@\s\"]+@")

FILE = typer.Argument(metavar="FILE", help="The backup, such as cyberos-2026-11-21.tar.gz.")
WITH_KEYS = typer.Option(
    False, "--with-keys", help="Put private keys and tokens in too: whoever has it is you."
)
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backup)


def backup(file: Path = FILE, with_keys: bool = WITH_KEYS, as_json: bool = JSON) -> None:
    """Save the embedded database and what it takes to verify it, while servers go on working.

    Ends with 1 if the file of a document is not as it was filed: then an older backup has it.
    """
    settings = read_settings()
    if not settings.is_embedded:
        raise _use_pg_dump(settings, file)
    target = file.absolute()
    if not target.parent.is_dir():
        raise Fault(
            "FOLDER_MISSING", Kind.INVALID, "The folder for the backup is not there.", "make it."
        )
    with temporary_folder(target.parent) as workshop:
        left_out = _stage(settings, workshop, with_keys=with_keys)
        wrong = perform(lambda: _documents_wrong(workshop))
        manifest = archive.write(target, workshop, _facts(settings, with_keys))
        size = target.stat().st_size
    if as_json:
        files = [member.name for member in manifest.members]
        said = {"file": str(target), "bytes": size, "files": files, "left_out": left_out}
        answer({"ok": not wrong, **said, "documents_wrong": wrong})
    else:
        _say_saved(target, size, manifest, left_out, with_keys=with_keys)
        for what in wrong:
            say(one_line(f"  NOT AS IT WAS FILED: {what}"))
    if wrong:
        raise typer.Exit(1)


def _say_saved(
    target: Path, size: int, manifest: Manifest, left_out: list[str], *, with_keys: bool
) -> None:
    held = counted(len(manifest.members), "file")
    say(f"{target}: {held}, {counted(size, 'byte')}, readable by you alone.")
    for name in left_out:
        say(f"  left out: {name} (holds a secret)")
    if not with_keys:
        say("  Private keys and tokens are not in it; keep copies of them apart from it.")


# --- what goes in ---


def _stage(settings: Settings, workshop: Path, *, with_keys: bool) -> list[str]:
    """Collect the files of a backup, and say which were left out because they hold a secret.

    Checkpoints come first: taken after the database, they could speak of entries it has not got.
    Documents come last: a file is there before its row, so none that the database names is missing.
    """
    assert settings.database_file is not None
    left_out = []
    for log in sorted(settings.checkpoint_dir.glob("*.log")):
        if archive.has_place(name := f"checkpoints/{log.name}"):
            _take(log, workshop / name)
    for name in ("trust.json", "policy.toml", MCP, PUBLIC_KEYS):
        home = home_of(settings, name)
        if not home.is_file() or (name == "policy.toml" and settings.policy_file is None):
            continue
        if not with_keys and _holds_secret(home):
            left_out.append(name)
        else:
            _take(home, workshop / name)
    if with_keys:
        for folder in SECRET_FOLDERS:
            for path in sorted((settings.data_dir / folder).rglob("*")):
                name = path.relative_to(settings.data_dir).as_posix()
                if path.is_file() and not path.is_symlink() and archive.has_place(name):
                    _take(path, workshop / name)
        if (settings.data_dir / "demo.json").is_file():
            _take(settings.data_dir / "demo.json", workshop / "demo.json")
    sqlite_file.copy(settings.database_file, workshop / DATABASE)
    if wrong := sqlite_file.problems(workshop / DATABASE):
        raise Fault(
            "DATABASE_DAMAGED",
            Kind.UNAVAILABLE,
            f"The database is damaged: {wrong[0][:200]}.",
            "keep the file and your older backups; no backup was written.",
        )
    for path in sorted(settings.documents_dir.rglob("*")):
        name = path.relative_to(settings.data_dir).as_posix()
        if archive.has_place(name) and path.is_file() and not path.is_symlink():
            _take_document(path, workshop / name)
    return left_out


async def _documents_wrong(workshop: Path) -> list[str]:
    """What the backup's own database misses among its documents, of every company."""
    copy = audit_source.open_copy(workshop / DATABASE)
    try:
        try:
            await check_revision(copy)
        except Fault:
            return []  # of another version, which says itself what is wrong with it
        store, found = wiring.blobs_in(workshop / DOCUMENTS), []
        for tenant_id, code in await directory.tenants(copy):
            report = Report(tenant_id)
            await verify_files(copy, tenant_id, wiring.clock(), store, report)
            found += [f"{code}: {one}" for one in report.findings]
        return found
    finally:
        await copy.close()


def _take(source: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(source, target)


def _take_document(source: Path, target: Path) -> None:
    """A second name for the file takes no room, and a document is never changed."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)


def _holds_secret(path: Path) -> bool:
    content = path.read_bytes()
    return bool(_TOKEN.search(content) or _DATABASE_PASSWORD.search(content))


def _facts(settings: Settings, with_keys: bool) -> dict[str, str]:
    known = settings.trust_file.exists()
    return {
        "created_at": stamp(wiring.clock().now()),
        "revision": HEAD,
        "deploy": trust.load(settings.trust_file).deploy if known else "",
        "with_keys": "yes" if with_keys else "no",
    }


def _use_pg_dump(settings: Settings, file: Path) -> Fault:
    url = make_url(settings.database_url)
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    address = shlex.quote(bare.render_as_string())
    command = f"pg_dump --format=custom --file={shlex.quote(str(file))} --dbname={address}"
    return Fault(
        "BACKUP_POSTGRES",
        Kind.CONFLICT,
        "The database is PostgreSQL, which brings its own backup; nothing was written.",
        f"run `{command}` as a superuser or a login with BYPASSRLS, and copy trust.json, "
        "checkpoints/, documents/ and keys/checkpoint.pub of the data directory beside it.",
        {"command": command},
    )


def home_of(settings: Settings, name: str) -> Path:
    """Where a file of a backup belongs on this machine."""
    match name:
        case archive.DATABASE:
            assert settings.database_file is not None
            return settings.database_file.absolute()
        case "trust.json":
            return settings.trust_file.absolute()
        case "policy.toml":
            return (settings.policy_file or settings.data_dir / name).absolute()
        case _:
            return settings.data_dir / name


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A directory for us alone, on the disk where the result will lie, gone afterwards."""
    path: Path | None = None
    try:
        path = Path(tempfile.mkdtemp(prefix=".cyberos-", dir=parent))  # made with mode 0700
        yield path
    except OSError as error:
        raise Fault(
            "STORAGE_UNWRITABLE",
            Kind.UNAVAILABLE,
            "A file could not be read or written; nothing was changed.",
            "check who owns the folders, and that the disk has room.",
        ) from error
    finally:
        if path is not None:
            shutil.rmtree(path, ignore_errors=True)
