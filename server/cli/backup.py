"""Backup and restore of an installation: `cyberos backup FILE`, `cyberos restore FILE`.

A backup holds the embedded database as of one moment, beside what it takes to verify it: trusted
roots, checkpoints with the public half of their key, the policy, mcp.json. Private keys and tokens
are left out unless they are asked for, because a backup lies in more places than its owner knows.
"""

import errno
import os
import re
import secrets
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
from sqlalchemy import URL, make_url

from domain.identity.keys import key_id
from domain.kernel.clock import stamp
from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind
from domain.store import audit_source, checkpoints, sqlite_file
from domain.store.revision import HEAD, check_revision
from policies.approvals import trust
from server import archive, wiring
from server.archive import DATABASE, Manifest
from server.cli import mcp_config
from server.cli.audit import Evidence, Verified, as_object, as_text, verify_all
from server.cli.context import perform, read_settings
from server.cli.key_files import private_directory
from server.cli.render import answer, say
from server.settings import Settings

MCP = "mcp.json"
PUBLIC_KEYS = f"keys/{checkpoints.PUBLIC_FILE}"
SECRET_FOLDERS = ("keys", "tokens", "root")
_READABLE_BY_ALL = {"trust.json", checkpoints.PUBLIC_FILE}
_TOKEN = re.compile(rb"cyb_[0-9A-Z]{26}_[0-9A-Z]{26}_")
_DATABASE_PASSWORD = re.compile(rb"://[^/@\s\"]*:[^/@\s\"]+@")

FILE = typer.Argument(metavar="FILE", help="The backup, such as cyberos-2026-11-21.tar.gz.")
WITH_KEYS = typer.Option(
    False, "--with-keys", help="Put private keys and tokens in too: whoever has it is you."
)
FORCE = typer.Option(False, "--force", help="Set aside what is there now.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(file: Path = FILE, with_keys: bool = WITH_KEYS, as_json: bool = JSON) -> None:
    """Save the embedded database and what it takes to verify it, while servers go on working."""
    settings = read_settings()
    if not settings.is_embedded:
        raise _use_pg_dump(settings, file)
    target = file.absolute()
    if not target.parent.is_dir():
        raise Fault(
            "FOLDER_MISSING", Kind.INVALID, "The folder for the backup is not there.", "make it."
        )
    with _workshop(target.parent) as workshop:
        left_out = _stage(settings, workshop, with_keys=with_keys)
        manifest = archive.write(target, workshop, _facts(settings, with_keys))
        size = target.stat().st_size
    if as_json:
        files = [member.name for member in manifest.members]
        answer({"file": str(target), "bytes": size, "files": files, "left_out": left_out})
        return
    held = counted(len(manifest.members), "file")
    say(f"{target}: {held}, {counted(size, 'byte')}, readable by you alone.")
    for name in left_out:
        say(f"  left out: {name} (holds a secret)")
    if not with_keys:
        say("  Private keys and tokens are not in it; keep copies of them apart from it.")


def restore(file: Path = FILE, force: bool = FORCE, as_json: bool = JSON) -> None:
    """Bring an installation back from a backup, then verify it.

    Stop servers and workers first. What is there now is set aside with --force, never deleted.
    Ends with 1 if the restored data is not as it was written.
    """
    settings = read_settings()
    if not settings.is_embedded:
        raise Fault(
            "RESTORE_POSTGRES",
            Kind.CONFLICT,
            "The database is PostgreSQL, which brings its own tools.",
            "use pg_restore, then `cyberos audit verify`; docs/operating.md has the commands.",
        )
    private_directory(settings.data_dir)
    with _workshop(settings.data_dir) as workshop:
        manifest = archive.unpack(file.absolute(), workshop)
        is_old = _check_database(workshop / DATABASE)
        names = _wanted(settings, manifest, workshop)
        plan = [(workshop / name, _home(settings, name)) for name in names]
        _check_free(settings, [home for _, home in plan], force=force)
        set_aside = _swap(settings, plan)
    verified = None if is_old else perform(lambda: verify_all(settings, Evidence()))
    roots = {tenant: key_id(root) for tenant, root in _roots(settings).items()}
    restored = Restored(manifest, names, set_aside, _about_secrets(settings, names))
    _report(restored, verified, roots, as_json=as_json)
    if verified is not None and not all(one.report.sound for one in verified):
        raise typer.Exit(1)


# --- what goes in ---


def _stage(settings: Settings, workshop: Path, *, with_keys: bool) -> list[str]:
    """Collect the files of a backup, and say which were left out because they hold a secret.

    Checkpoints come first: taken after the database, they could speak of entries it has not got.
    """
    assert settings.database_file is not None
    left_out = []
    for log in sorted(settings.checkpoint_dir.glob("*.log")):
        if archive.has_place(name := f"checkpoints/{log.name}"):
            _take(log, workshop / name)
    for name in ("trust.json", "policy.toml", MCP, PUBLIC_KEYS):
        home = _home(settings, name)
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
    return left_out


def _take(source: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
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
        "checkpoints/ and keys/checkpoint.pub of the data directory beside it.",
        {"command": command},
    )


# --- where it goes back to ---


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back, what had to make room, and how it stands with keys and tokens."""

    manifest: Manifest
    names: list[str]
    set_aside: list[Path]
    about_secrets: str


def _wanted(settings: Settings, manifest: Manifest, workshop: Path) -> list[str]:
    """The files to restore: all, but no mcp.json that would start a server on another folder."""
    return [
        one.name
        for one in manifest.members
        if one.name != MCP or mcp_config.move_here(settings, workshop / MCP)
    ]


def _about_secrets(settings: Settings, names: list[str]) -> str:
    """Private keys and tokens: brought back, here all along, or to be looked for."""
    came = [one for one in names if one.split("/")[0] in SECRET_FOLDERS and one != PUBLIC_KEYS]
    if came:
        files = counted(
            len(came), "file with keys and tokens was", "files with keys and tokens were"
        )
        return f"{files} restored from it."
    there = [
        path
        for folder in SECRET_FOLDERS
        for path in (settings.data_dir / folder).rglob("*")
        if path.suffix in (".key", ".token")
    ]
    if there:
        return "Keys and tokens were not in it; those on this machine are as they were."
    return (
        "Keys and tokens were not in it, and there are none on this machine: put your copies of "
        "keys/ and tokens/ back."
    )


def _home(settings: Settings, name: str) -> Path:
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


def _check_database(path: Path) -> bool:
    """Refuse a file that is no sound database of ours; True if it is of an older revision."""
    if sqlite_file.problems(path):
        raise Fault(
            "BACKUP_INVALID",
            Kind.INVALID,
            "This is not a backup that can be restored: its database is damaged.",
            "take another one; nothing was changed.",
        )

    async def revision() -> bool:
        copy = audit_source.open_copy(path)
        try:
            await check_revision(copy)
        except Fault as fault:
            if fault.code != "SCHEMA_OLD":
                raise
            return True
        finally:
            await copy.close()
        return False

    is_old = perform(revision)
    sqlite_file.use_write_ahead_log(path)
    return is_old


def _check_free(settings: Settings, homes: list[Path], *, force: bool) -> None:
    """Refuse to take the place of anything unasked, and of a database somebody works with."""
    there = [home for home in homes if os.path.lexists(home)]
    if there and not force:
        raise Fault(
            "RESTORE_OVERWRITES",
            Kind.CONFLICT,
            f"{counted(len(there), 'of the files is', 'of the files are')} there already, such as "
            f"{there[0]}.",
            "add --force to set them aside, or set CYBEROS_DATA_DIR to an empty place.",
            {"files": [str(home) for home in there]},
        )
    database = settings.database_file
    if database is not None and database.is_file() and sqlite_file.is_open_elsewhere(database):
        raise Fault(
            "DATABASE_IN_USE",
            Kind.CONFLICT,
            "A server or another program has the database open.",
            "stop it, then repeat the command; nothing was changed.",
        )


@dataclass(slots=True)
class _Swapping:
    """What was moved where, so that a swap that fails half-way is taken back."""

    moved: list[tuple[Path, Path]] = field(default_factory=list)

    def move(self, source: Path, target: Path) -> None:
        """Rename, also from one disk to another, and remember."""
        private_directory(target.parent)
        try:
            os.replace(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
            shutil.copy2(source, draft)
            os.replace(draft, target)
            source.unlink()
        self.moved.append((source, target))

    def undo(self) -> None:
        """Put everything back, last move first."""
        for source, target in reversed(self.moved):
            source.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(target, source)


def _swap(settings: Settings, plan: list[tuple[Path, Path]]) -> list[Path]:
    """Set aside what is there, put the restored files in its place; all of it or nothing."""
    name = f"replaced-{re.sub('[^0-9TZ]', '', stamp(wiring.clock().now()))}"
    swapping, set_aside = _Swapping(), []
    try:
        for _, home in plan:
            # A log that is left beside a new main file would be played into it.
            sides = sqlite_file.SIDE_FILES if home == settings.database_file else ()
            for old in (home, *(home.with_name(f"{home.name}{side}") for side in sides)):
                if os.path.lexists(old):
                    aside = old.parent / name / old.name
                    swapping.move(old, aside)
                    set_aside.append(aside)
        for staged, home in plan:
            staged.chmod(0o644 if staged.name in _READABLE_BY_ALL else 0o600)
            swapping.move(staged, home)
    except BaseException:
        swapping.undo()
        raise
    return set_aside


def _roots(settings: Settings) -> Mapping[str, bytes]:
    return trust.load(settings.trust_file).roots if settings.trust_file.exists() else {}


def _report(
    restored: Restored, verified: list[Verified] | None, roots: Mapping[str, str], *, as_json: bool
) -> None:
    manifest, names = restored.manifest, restored.names
    left_out = [one.name for one in manifest.members if one.name not in names]
    folders = sorted({str(path.parent) for path in restored.set_aside})
    if as_json:
        sound = None if verified is None else all(one.report.sound for one in verified)
        body: dict[str, Any] = {
            "ok": sound is not False,
            "created_at": manifest.facts.get("created_at", ""),
            "files": names,
            "left_out": left_out,
            "set_aside": folders,
            "roots": roots,
            "sound": sound,
            "tenants": [as_object(one) for one in verified or []],
        }
        answer(body)
        return
    say(f"Restored {counted(len(names), 'file')} of {manifest.facts.get('created_at', '?')}.")
    for name in left_out:
        say(f"  left out: {name} (it starts servers elsewhere); `cyberos connect` makes another.")
    for folder in folders:
        say(f"  What was there before is in {folder}.")
    for tenant_id, root in roots.items():
        say(f"  The root key of {tenant_id} is {root}: compare it with what you wrote down.")
    if verified is None:
        say("It is of an older version, so it was not verified: run `cyberos migrate`, then")
        say("`cyberos audit verify`.")
    for one in verified or []:
        say(as_text(one))
    say(f"{restored.about_secrets} `cyberos doctor` says what is missing.")


@contextmanager
def _workshop(parent: Path) -> Iterator[Path]:
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
