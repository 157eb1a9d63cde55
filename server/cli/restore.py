"""Restore of an installation: `cyberos restore FILE`.

A database is a program as well, and a backup may come from anywhere: so the schema is made by our
own migrations, and of the backup's database nothing but rows is taken over. Going back is told in
every chain, and what waited for people then has to be asked for again: a request that was
turned down since must not become open once more.
"""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
from sqlalchemy.exc import SQLAlchemyError

from domain.approvals import service as approvals
from domain.identity.keys import key_id
from domain.kernel.clock import stamp
from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind
from domain.provisioning.events import Restored
from domain.provisioning.service import OPERATOR
from domain.store import audit_checkpoints, checkpoints, directory, sqlite_file
from domain.store.engine import Database, Role, connect, sqlite_url
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM
from policies.approvals import trust
from server import archive, wiring
from server.archive import DATABASE, Manifest
from server.cli import mcp_config
from server.cli.audit import Evidence, Verified, as_object, as_text, verify_all
from server.cli.backup import (
    FILE,
    JSON,
    MCP,
    PUBLIC_KEYS,
    SECRET_FOLDERS,
    home_of,
    temporary_folder,
)
from server.cli.context import perform, read_settings
from server.cli.key_files import private_directory
from server.cli.render import answer, one_line, say
from server.settings import Settings

DEMO = "demo.json"
_READABLE_BY_ALL = {"trust.json", checkpoints.PUBLIC_FILE}
_LEFT_OUT = {
    MCP: "it starts servers elsewhere; `cyberos connect` makes another",
    DEMO: "there was no demo here, and a company in earnest must not become one",
}

FORCE = typer.Option(False, "--force", help="Set aside what is there now.")
OLDER = typer.Option(
    False, "--older-on-purpose", help="Go back behind what the checkpoints on this machine saw."
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(restore)


def restore(
    file: Path = FILE, force: bool = FORCE, older: bool = OLDER, as_json: bool = JSON
) -> None:
    """Bring an installation back from a backup, then verify it.

    Stop servers and workers first. What is there now is set aside with --force, never deleted.
    What waited for people has to be asked for again. Ends with 1 if the restored data is not as it
    was written.
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
    with temporary_folder(settings.data_dir) as workshop:
        manifest = archive.unpack(file.absolute(), workshop)
        names = _wanted(settings, manifest, workshop)
        plan = [(workshop / name, home_of(settings, name)) for name in names]
        _check_sound(workshop / DATABASE)
        _check_free(settings, [home for _, home in plan], force=force)
        made = perform(lambda: _made_anew(settings, workshop, manifest, older=older))
        set_aside = _swap(settings, plan, made.passed)
    verified = perform(lambda: verify_all(settings, Evidence()))
    roots = {tenant: key_id(root) for tenant, root in _roots(settings).items()}
    outcome = _Outcome(manifest, names, set_aside, made, _about_secrets(settings, names))
    _report(outcome, verified, roots, as_json=as_json)
    if not all(one.report.sound for one in verified):
        raise typer.Exit(1)


# --- what comes back ---


@dataclass(frozen=True, slots=True)
class _Made:
    """The database as it is restored: without these tables, and without a word in these chains.

    `passed` are the checkpoint logs of this machine that saw more than it has.
    """

    left_behind: list[str]
    passed: list[Path]
    untold: list[str]


async def _made_anew(
    settings: Settings, workshop: Path, manifest: Manifest, *, older: bool
) -> _Made:
    """Put the rows into a schema of ours, and tell every chain that this happened."""
    from domain.store.migrations import rebuilding  # Alembic is needed here alone

    archived = (workshop / DATABASE).rename(workshop / "archived.db")
    left_behind = await rebuilding.rebuild(archived, workshop / DATABASE, wiring.wires())
    archived.unlink()
    database = connect(sqlite_url(str(workshop / DATABASE)), role=Role.OWNER, pool_size=1)
    try:
        passed = await _passed(settings, database)
        if passed and not older:
            raise _too_old(passed)
        untold = [
            code
            for tenant_id, code in await directory.tenants(database)
            if not await _told(database, tenant_id, manifest, older=bool(passed))
        ]
    finally:
        await database.close()
    sqlite_file.use_write_ahead_log(workshop / DATABASE)
    return _Made(left_behind, passed, untold)


async def _told(database: Database, tenant_id: str, manifest: Manifest, *, older: bool) -> bool:
    """Write the entry, and retire what waits; False if the chain is too damaged to go on."""
    try:
        async with writing(database, tenant_id, wiring.clock(), viewer=SYSTEM) as tx:
            retired = await approvals.retire(tx, OPERATOR, "RESTORED")
            created_at = manifest.facts.get("created_at", "")
            Restored(created_at=created_at, older=older, retired=retired).record(tx, OPERATOR)
    except (Fault, SQLAlchemyError, ValueError, LookupError):
        return False
    return True


async def _passed(settings: Settings, database: Database) -> list[Path]:
    """The checkpoint logs of this machine whose newest one is not in the chain.

    Those of another installation say nothing about this one.
    """
    deploy, passed, here = await directory.deployment(database) or "", [], settings.checkpoint_dir
    for tenant_id in checkpoints.logged(here):
        async with reading(database, tenant_id, wiring.clock(), viewer=SYSTEM) as tx:
            log = await audit_checkpoints.newest_missing(tx, here, deploy)
        if log is not None:
            passed.append(log)
    return passed


def _too_old(passed: list[Path]) -> Fault:
    return Fault(
        "RESTORE_OLDER",
        Kind.CONFLICT,
        f"The backup is older than the newest checkpoint in {passed[0]}: what was done and decided "
        "since is not in it.",
        "take a newer backup, or add --older-on-purpose to lose that; nothing was changed.",
        {"checkpoints": [str(log) for log in passed]},
    )


# --- where it goes ---


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came back, what had to make room, and how it stands with keys and tokens."""

    manifest: Manifest
    names: list[str]
    set_aside: list[Path]
    made: _Made
    about_secrets: str


def _wanted(settings: Settings, manifest: Manifest, workshop: Path) -> list[str]:
    """The files to restore: all, but nothing of which `_LEFT_OUT` says why not."""
    out = set() if mcp_config.move_here(settings, workshop / MCP) else {MCP}
    out |= set() if home_of(settings, DEMO).is_file() else {DEMO}
    return [one.name for one in manifest.members if one.name not in out]


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


def _check_sound(path: Path) -> None:
    """Refuse a file that SQLite itself finds damaged."""
    if sqlite_file.problems(path):
        raise Fault(
            "BACKUP_INVALID",
            Kind.INVALID,
            "This is not a backup that can be restored: its database is damaged.",
            "take another one; nothing was changed.",
        )


def _check_free(settings: Settings, homes: list[Path], *, force: bool) -> None:
    """Refuse to take the place of anything unasked, and of a database somebody works with."""
    there = [home for home in _in_the_way(settings, homes) if os.path.lexists(home)]
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


def _in_the_way(settings: Settings, homes: list[Path]) -> list[Path]:
    """What has to make room: the documents as a whole, so that none is left that no row names."""
    documents = settings.documents_dir
    has_some = documents.is_dir() and any(documents.iterdir())
    others = [home for home in homes if not home.is_relative_to(documents)]
    return [*others, documents] if has_some else others


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
            _drop_empty(source)
            shutil.move(target, source)


def _drop_empty(folder: Path) -> None:
    """Folders that were made for what was taken back: a folder that returns would land inside."""
    if folder.is_dir():
        for inner in sorted(folder.rglob("*"), reverse=True):
            inner.rmdir()
        folder.rmdir()


def _swap(settings: Settings, plan: list[tuple[Path, Path]], passed: list[Path]) -> list[Path]:
    """Set aside what is there, put the restored files in its place; all of it or nothing.

    So are the logs that were passed: they speak of what has never been.
    """
    name = f"replaced-{re.sub('[^0-9TZ]', '', stamp(wiring.clock().now()))}"
    swapping, set_aside = _Swapping(), []
    try:
        for home in dict.fromkeys([*_in_the_way(settings, [home for _, home in plan]), *passed]):
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
    outcome: _Outcome, verified: list[Verified], roots: Mapping[str, str], *, as_json: bool
) -> None:
    manifest, names = outcome.manifest, outcome.names
    left_out = [one.name for one in manifest.members if one.name not in names]
    folders = sorted({str(path.parent) for path in outcome.set_aside})
    if as_json:
        sound = all(one.report.sound for one in verified)
        body: dict[str, Any] = {
            "ok": sound,
            "created_at": manifest.facts.get("created_at", ""),
            "files": names,
            "left_out": left_out,
            "set_aside": folders,
            "left_behind": outcome.made.left_behind,
            "older": bool(outcome.made.passed),
            "untold": outcome.made.untold,
            "roots": roots,
            "sound": sound,
            "tenants": [as_object(one) for one in verified],
        }
        answer(body)
        return
    say(f"Restored {counted(len(names), 'file')} of {manifest.facts.get('created_at', '?')}.")
    for name in left_out:
        say(f"  left out: {name} ({_LEFT_OUT[name]}).")
    for name in outcome.made.left_behind:
        say(one_line(f"  left behind: the table {name}, which is not of this program."))
    for code in outcome.made.untold:
        say(f"  {code}: its chain is too damaged to tell of this; see `cyberos audit repair`.")
    for folder in folders:
        say(f"  What was there before is in {folder}.")
    for tenant_id, root in roots.items():
        say(f"  The root key of {tenant_id} is {root}: compare it with what you wrote down.")
    for one in verified:
        say(as_text(one))
    say(f"{outcome.about_secrets} `cyberos doctor` says what is missing.")
