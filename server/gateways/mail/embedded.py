"""A mail server in this process, for the demo: it puts letters into a folder and sends none on."""

import email
import email.policy
from collections.abc import Sequence
from pathlib import Path

import anyio

from domain.mailing import addresses
from fixtures.sandbox.folder import keep_letter


class EmbeddedMailSender:
    """Letters become `.eml` files, each named after its Message-ID; the first of a name stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, letter: bytes, *, sender: str, to: Sequence[str]) -> str:
        """Keep the letter; the answer names its file. Raises ADDRESS_INVALID."""
        for one in (sender, *to):
            addresses.bare(one)
        head = email.message_from_bytes(letter, policy=email.policy.compat32)
        name = str(head["Message-ID"] or "letter")
        kept = await anyio.to_thread.run_sync(keep_letter, self._folder, name, letter)
        return f"250 kept as {kept.name}"
