"""Key commands: how is a lost or leaked key replaced? `cyberos key rotate | revoke`, `operator`.

What was signed before stays good: keys count up to the entry that ended them, by its number.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from domain.identity import keys
from domain.identity import queries as identity
from domain.identity.grants import KeyHolder
from domain.identity.keys import Passphrase, PrivateKey
from domain.kernel.faults import Fault, Kind
from domain.provisioning import service as provisioning
from domain.store.engine import Role
from domain.store.tx import Tx, writing
from domain.store.visibility import SYSTEM
from server.cli.context import opened, perform
from server.cli.key_files import KeyFiles, private_directory, undone_on_failure
from server.cli.missing_answers import passphrase
from server.cli.render import answer, one_line, say
from server.cli.signing import (
    KEY,
    PASSPHRASE,
    ROOT_KEY,
    ROOT_PASSPHRASE,
    Ground,
    ground_for,
    ground_of,
    operator,
    root_of,
)

NEW_PASSPHRASE = typer.Option(
    None, "--passphrase-file", help="File with the passphrase of the new key."
)
OWN_KEY = typer.Option(..., "--key", help="Your key file.")
OLD_PASSPHRASE = typer.Option(None, "--passphrase-file", help="File with the passphrase until now.")
NEWER_PASSPHRASE = typer.Option(
    None, "--new-passphrase-file", help="File with the passphrase from now on."
)
TENANT = typer.Option(None, "--tenant", help="Code of the tenant, if there are several.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=False, help="Keys of people: replace one, end one.")
    group.command("rotate")(rotate)
    group.command("revoke")(revoke)
    app.add_typer(group, name="key")
    operators = typer.Typer(no_args_is_help=False, help="The operator key: replace it.")
    operators.command("rotate")(rotate_operator)
    app.add_typer(operators, name="operator")


def rotate(
    email: str = typer.Argument(help="E-mail address of the person."),
    root_key: Path = ROOT_KEY,
    root_passphrase_file: Path | None = ROOT_PASSPHRASE,
    passphrase_file: Path | None = NEW_PASSPHRASE,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Make a person a new key, for which the root vouches, and end the ones they had."""
    ground = perform(lambda: ground_for(tenant))
    root = root_of(ground, root_key, root_passphrase_file)
    secret = _new_passphrase(passphrase_file, f"New passphrase of {one_line(email)}")
    made = perform(lambda: _rotate(ground, root, email, secret))
    if as_json:
        answer({"key": made})
        return
    say(f"{one_line(made['email'])} signs with the key {made['key_id']} from now on: {made['key']}")
    say("  Let them move it to their own machine, and lock the root key away again.")


def change_passphrase(
    key: Path = OWN_KEY,
    passphrase_file: Path | None = OLD_PASSPHRASE,
    new_passphrase_file: Path | None = NEWER_PASSPHRASE,
    as_json: bool = JSON,
) -> None:
    """Let another passphrase open your key file. The key stays the same, and all it signed.

    Whoever forgot the passphrase needs another key: `cyberos person rekey`.
    """
    old = passphrase(passphrase_file, "Passphrase until now", flag="--passphrase-file")
    new = passphrase(
        new_passphrase_file, "New passphrase", flag="--new-passphrase-file", twice=True
    )
    keys.relock(key, old, new)
    if as_json:
        answer({"key": str(key)})
        return
    say(f"{key} is opened by the new passphrase from now on.")


def revoke(
    key_id: str = typer.Argument(help="Id of the key; `cyberos person list` shows it."),
    key: Path | None = KEY,
    passphrase_file: Path | None = PASSPHRASE,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """End a key of a person who stays, now. What it signed before stays good."""
    signer = operator(tenant, key, passphrase_file, quiet=as_json)
    perform(lambda: _revoke(key_id, tenant, signer))
    if as_json:
        answer({"revoked": key_id})
        return
    say(f"The key {key_id} counts for nothing any more.")
    say("`cyberos key rotate` makes its person another; `cyberos doctor` says what is missing.")


def rotate_operator(
    root_key: Path = ROOT_KEY,
    root_passphrase_file: Path | None = ROOT_PASSPHRASE,
    passphrase_file: Path | None = NEW_PASSPHRASE,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Make a new operator key, and end the one before. The root signs both."""
    ground = perform(lambda: ground_for(tenant))
    root = root_of(ground, root_key, root_passphrase_file)
    secret = _new_passphrase(passphrase_file, "Passphrase of the new operator key")
    made = perform(lambda: _rotate_operator(ground, root, secret))
    if as_json:
        answer({"operator": made})
        return
    say(f"The operator key is {made['key_id']} from now on: {made['key']}")
    say("  What the one before signed stays good; it signs nothing more. Lock the root key away.")


def _new_passphrase(file: Path | None, question: str) -> Passphrase:
    return passphrase(file, question, flag="--passphrase-file", twice=True)


async def _rotate(
    ground: Ground, root: KeyHolder, email: str, secret: Passphrase
) -> dict[str, Any]:
    new = keys.generate()
    name = f"{email.strip().lower()}.{new.key_id[:8]}"
    file = KeyFiles(ground.settings).approver_key(ground.company.code, name)

    async def work(tx: Tx) -> dict[str, Any]:
        person = await identity.find_owner(tx, email)
        for old in (await identity.keys(tx)).values():
            if old.person_id == person.id:
                await provisioning.revoke_key(tx, old)
        await provisioning.enrol_key(tx, person.id, new)
        return {"email": person.email, "key_id": new.key_id, "key": str(file)}

    return await _with_new_key(ground, root, new, file, secret, work)


async def _rotate_operator(ground: Ground, root: KeyHolder, secret: Passphrase) -> dict[str, Any]:
    new = keys.generate()
    file = KeyFiles(ground.settings).operator_key(ground.company.code, new.key_id)

    async def work(tx: Tx) -> dict[str, Any]:
        ended = await provisioning.rotate_operator(tx, new)
        return {"key_id": new.key_id, "key": str(file), "ended": ended}

    return await _with_new_key(ground, root, new, file, secret, work)


async def _with_new_key(
    ground: Ground,
    root: KeyHolder,
    new: PrivateKey,
    file: Path,
    secret: Passphrase,
    work: Callable[[Tx], Any],
) -> dict[str, Any]:
    """Write the key file, then the rows; a failure takes the file away again."""
    async with opened(Role.OWNER) as context:
        with undone_on_failure() as undo:
            private_directory(file.parent)
            keys.save(new, file, secret)  # before the transaction: it costs a second
            undo.remove(file)
            async with writing(
                context.database, ground.company.id, context.clock, viewer=SYSTEM, signer=root
            ) as tx:
                made: dict[str, Any] = await work(tx)
    return made


async def _revoke(key_id: str, tenant: str | None, signer: KeyHolder) -> None:
    async with opened(Role.OWNER) as context:
        ground = await ground_of(context, tenant)
        async with writing(
            context.database, ground.company.id, context.clock, viewer=SYSTEM, signer=signer
        ) as tx:
            key = (await identity.keys(tx, [key_id])).get(key_id)
            if key is None:
                raise Fault(
                    "KEY_UNKNOWN",
                    Kind.NOT_FOUND,
                    "Nobody here has a key with this id.",
                    "`cyberos person list` shows who has which.",
                )
            await provisioning.revoke_key(tx, key)
