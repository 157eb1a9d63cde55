"""Demo story: what does CyberOS do, shown in a minute? One story, shown while it really happens.

Everything is real: an MCP client starts the real server over stdio as an agent would, a person
signs with the real command in a process of its own, the verifier reads a real copy of the database.
"""

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import typer

from domain.kernel.faults import Fault, Kind
from server.cli.demo_money import bill_april
from server.cli.demo_stage import LAUNCHER, Stage, run_python
from server.cli.demo_words import words_in

_EVIDENCE = b'"event":"cyberos.crm.move_stage"'


def register(app: typer.Typer) -> None:
    """Add `cyberos demo`."""
    app.command("demo")(demo)


def demo(
    lang: str = typer.Option("vi", "--lang", help="vi or en: the language of the story."),
    keep: bool = typer.Option(False, "--keep", help="Keep the demo company when it is over."),
) -> None:
    """Tell the whole story on a demo company: agent, refusals, signature, proof."""
    if lang not in {"vi", "en"}:
        raise Fault("USAGE", Kind.INVALID, "The language is vi or en.", "use --lang en.")
    directory = Path(tempfile.mkdtemp(prefix="cyberos-demo-"))
    try:
        story = Story(words_in(lang), lang, directory, _company(directory))
        anyio.run(story.tell)
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)


def _company(directory: Path) -> Mapping[str, Any]:
    """Set up the demo company in a process of its own, as a newcomer would."""
    import json

    made = run_python(directory, str(LAUNCHER), "init", "--demo")
    if made.returncode:
        raise Fault("DEMO_BROKEN", Kind.UNAVAILABLE, made.stderr.strip() or "The demo broke.")
    loaded: Mapping[str, Any] = json.loads((directory / "demo.json").read_text(encoding="utf-8"))
    return loaded


class Story(Stage):
    """The chapters, in order; each says what it does and shows what came back."""

    async def tell(self) -> None:
        """From the first search to the last proof."""
        self.line(self.words["title"])
        async with self.client("cro_agent") as client:
            account_id = await self._look_around(client)
            deal_id = await self._work(client, account_id)
            action_id = await self._propose(client, deal_id)
            await self._try_short_cuts(client, deal_id, action_id)
            self._sign(action_id)
            await self._see_it_done(client, deal_id, action_id)
            await self._collect(client, deal_id)
            await bill_april(self)
            await self._look_ahead(client)
        self._prove()
        self._forge()
        self._connect()

    async def _look_around(self, client: Any) -> str:
        self.title("look")
        await self.call(client, "whoami", {})
        await self.call(client, "crm_search_accounts", {"query": "Đại Dương"})
        found = await self.call(client, "crm_search_accounts", {"query": "dai duong"})
        return str(found["accounts"][0]["id"])

    async def _work(self, client: Any, account_id: str) -> str:
        self.title("work")
        deal = await self.call(
            client,
            "crm_create_deal",
            {
                "account_id": account_id,
                "name": "Nền tảng dữ liệu quý 4",
                "amount_minor": 750_000_000,
                "currency": "VND",
            },
        )
        deal_id = str(deal["id"])
        await self.call(
            client,
            "crm_log_activity",
            {"deal_id": deal_id, "kind": "call", "subject": self.words["subject"]},
        )
        await self.call(client, "crm_move_stage", {"deal_id": deal_id, "to_stage": "discovery"})
        self.say("forbidden_move")
        await self.call(
            client, "crm_move_stage", {"deal_id": deal_id, "to_stage": "negotiation"}, refused=True
        )
        return deal_id

    async def _propose(self, client: Any, deal_id: str) -> str:
        self.title("propose")
        answer = await self.call(client, "crm_close_deal", {"deal_id": deal_id, "outcome": "won"})
        return str(answer["action_id"])

    async def _try_short_cuts(self, client: Any, deal_id: str, action_id: str) -> None:
        self.title("short_cuts")
        self.say("again")
        again = await self.call(
            client, "crm_close_deal", {"deal_id": deal_id, "outcome": "won"}, quiet=True
        )
        assert again["action_id"] == action_id, "a second proposal must be the first"
        self.line(f"    {again['status']}  {again['action_id']}")
        self.say("invented_token")
        token = {"deal_id": deal_id, "outcome": "won", "confirm_token": "ok", "approved_by": "CFO"}
        await self.call(client, "crm_close_deal", token, refused=True)
        self.say("terminal_stage")
        await self.call(
            client, "crm_move_stage", {"deal_id": deal_id, "to_stage": "closed_won"}, refused=True
        )
        await self._borrow_an_approval(client, deal_id, action_id)
        self.say("no_approve_tool")
        await self.call(client, "approvals_approve", {"action_id": action_id}, refused=True)

    async def _borrow_an_approval(self, client: Any, deal_id: str, action_id: str) -> None:
        """Another deal's action is signed and done; it opens nothing for this one."""
        self.say("other_action")
        small = {"deal_id": self.company["deals"]["small_open"], "outcome": "won"}
        other = await self.call(client, "crm_close_deal", small, quiet=True)
        signed = self.run(*self.approving(other["action_id"], "am")[1])
        assert signed.returncode == 0, signed.stderr
        self.line(f"    {self.words['other_signed'].format(id=other['action_id'])}")
        borrowed = {"deal_id": deal_id, "outcome": "won", "action_id": other["action_id"]}
        await self.call(client, "crm_close_deal", borrowed, refused=True)
        mine = await self.call(client, "approvals_get", {"action_id": action_id}, quiet=True)
        assert mine["state"] == "pending", mine
        self.line(f"    {mine['state']}  {action_id}")

    def _sign(self, action_id: str) -> None:
        self.title("sign")
        shown, typed = self.approving(action_id, "am")
        self.show_command(shown, self.run(*typed))

    async def _see_it_done(self, client: Any, deal_id: str, action_id: str) -> None:
        self.title("done")
        seen = await self.call(client, "approvals_get", {"action_id": action_id}, quiet=True)
        assert seen["state"] == "succeeded", seen
        self.line(f"    {seen['state']}: {seen['summary']}")
        for effect in seen["result"]["side_effects"]:
            self.line(f"    [{effect['kind']}] {effect['state']}: {effect['detail']}")
        self.say("only_once")
        await self.call(
            client, "crm_close_deal", {"deal_id": deal_id, "outcome": "won"}, refused=True
        )

    async def _collect(self, client: Any, deal_id: str) -> None:
        """The code of the deal that was won, drawn as a terminal can."""
        from domain.vn import qr_image

        self.title("collect")
        asked = await self.call(client, "crm_generate_vietqr", {"deal_id": deal_id})
        shown, typed = self.approving(asked["action_id"], "am")
        signed = self.run(*typed)
        assert signed.returncode == 0, signed.stderr
        self.line(f"  $ {shown}")
        self.say("scan")
        made = await self.call(client, "crm_generate_vietqr", {"deal_id": deal_id})
        for line in qr_image.blocks(made["payload"]):
            self.line(f"    {line}")

    async def _look_ahead(self, client: Any) -> None:
        self.title("outlook")
        await self.call(client, "crm_pipeline_board", {"pipeline_id": "sales"})
        await self.call(client, "crm_forecast", {"pipeline_id": "sales", "range": "90d"})
        await self.call(client, "crm_next_best_action", {})

    def _prove(self) -> None:
        self.title("prove")
        for command in ("checkpoint", "verify"):
            self.show_command(f"cyberos audit {command}", self.run("audit", command))

    def _forge(self) -> None:
        """Change one byte of one entry in a copy of the database file, and ask the verifier."""
        self.title("forge")
        copy = self.directory / "copy.db"
        with (
            closing(sqlite3.connect(self.directory / "cyberos.db")) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        content = bytearray(copy.read_bytes())
        place = content.index(_EVIDENCE) + len(_EVIDENCE) - 3
        content[place] ^= 1
        copy.write_bytes(content)
        self.line(self.words["one_byte"].format(place=f"{place:,}"))
        verdict = self.run("audit", "verify", "--database", str(copy))
        assert verdict.returncode == 1, "a forged entry must be found"
        self.show_command("cyberos audit verify --database copy.db", verdict, may_fail=True)

    def _connect(self) -> None:
        self.title("connect")
        launcher = Path(sys.argv[0])
        program = str(launcher) if launcher.name == "cyberos" else "cyberos"
        connecting = "connect --client claude-desktop --agent cro_agent"  # the demo has several
        for command in ("init --demo", connecting, "inbox", "doctor"):
            self.line(f"    {program} {command}")
        self.say("end")
