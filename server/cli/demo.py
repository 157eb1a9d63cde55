"""Demo story: what does CyberOS do, shown in a minute? One story, shown while it really happens.

Everything is real: an MCP client starts the real server over stdio as an agent would, a person
signs with the real command in a process of its own, the verifier reads a real copy of the database.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import typer

from domain.kernel.faults import Fault, Kind
from server.cli.demo_words import DemoWords, words_in

LAUNCHER = Path(__file__).resolve().parents[2] / "cyberos.py"
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

    made = _run(directory, "init", "--demo")
    if made.returncode:
        raise Fault("DEMO_BROKEN", Kind.UNAVAILABLE, made.stderr.strip() or "The demo broke.")
    loaded: Mapping[str, Any] = json.loads((directory / "demo.json").read_text(encoding="utf-8"))
    return loaded


def _environment(directory: Path) -> dict[str, str]:
    """This process's environment without settings of ours: the demo touches nothing real."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CYBEROS_")}
    return {**kept, "CYBEROS_DATA_DIR": str(directory), "PYTHONIOENCODING": "utf-8"}


def _run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program with our own arguments
        [sys.executable, str(LAUNCHER), *arguments],
        env=_environment(directory),
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


@dataclass
class Story:
    """The chapters, in order; each says what it does and shows what came back."""

    words: DemoWords
    lang: str
    directory: Path
    company: Mapping[str, Any]
    chapter: int = 0

    async def tell(self) -> None:
        """From the first search to the last proof."""
        self._line(self.words["title"])
        async with self._client() as client:
            account_id = await self._look_around(client)
            deal_id = await self._work(client, account_id)
            action_id = await self._propose(client, deal_id)
            await self._try_short_cuts(client, deal_id, action_id)
            self._sign(action_id)
            await self._see_it_done(client, deal_id, action_id)
            await self._collect(client, deal_id)
            await self._look_ahead(client)
        self._prove()
        self._forge()
        self._connect()

    async def _look_around(self, client: Any) -> str:
        self._title("look")
        await self._call(client, "whoami", {})
        await self._call(client, "crm_search_accounts", {"query": "Đại Dương"})
        found = await self._call(client, "crm_search_accounts", {"query": "dai duong"})
        return str(found["accounts"][0]["id"])

    async def _work(self, client: Any, account_id: str) -> str:
        self._title("work")
        deal = await self._call(
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
        await self._call(
            client,
            "crm_log_activity",
            {"deal_id": deal_id, "kind": "call", "subject": self.words["subject"]},
        )
        await self._call(client, "crm_move_stage", {"deal_id": deal_id, "to_stage": "discovery"})
        self._say("forbidden_move")
        await self._call(
            client, "crm_move_stage", {"deal_id": deal_id, "to_stage": "negotiation"}, refused=True
        )
        return deal_id

    async def _propose(self, client: Any, deal_id: str) -> str:
        self._title("propose")
        answer = await self._call(client, "crm_close_deal", {"deal_id": deal_id, "outcome": "won"})
        return str(answer["action_id"])

    async def _try_short_cuts(self, client: Any, deal_id: str, action_id: str) -> None:
        self._title("short_cuts")
        self._say("again")
        again = await self._call(
            client, "crm_close_deal", {"deal_id": deal_id, "outcome": "won"}, quiet=True
        )
        assert again["action_id"] == action_id, "a second proposal must be the first"
        self._line(f"    {again['status']}  {again['action_id']}")
        self._say("invented_token")
        token = {"deal_id": deal_id, "outcome": "won", "confirm_token": "ok", "approved_by": "CFO"}
        await self._call(client, "crm_close_deal", token, refused=True)
        self._say("terminal_stage")
        await self._call(
            client, "crm_move_stage", {"deal_id": deal_id, "to_stage": "closed_won"}, refused=True
        )
        await self._borrow_an_approval(client, deal_id, action_id)
        self._say("no_approve_tool")
        await self._call(client, "approvals_approve", {"action_id": action_id}, refused=True)

    async def _borrow_an_approval(self, client: Any, deal_id: str, action_id: str) -> None:
        """Another deal's action is signed and done; it opens nothing for this one."""
        self._say("other_action")
        small = {"deal_id": self.company["deals"]["small_open"], "outcome": "won"}
        other = await self._call(client, "crm_close_deal", small, quiet=True)
        signed = _run(self.directory, *self._approve(other["action_id"]))
        assert signed.returncode == 0, signed.stderr
        self._line(f"    {self.words['other_signed'].format(id=other['action_id'])}")
        borrowed = {"deal_id": deal_id, "outcome": "won", "action_id": other["action_id"]}
        await self._call(client, "crm_close_deal", borrowed, refused=True)
        mine = await self._call(client, "approvals_get", {"action_id": action_id}, quiet=True)
        assert mine["state"] == "pending", mine
        self._line(f"    {mine['state']}  {action_id}")

    def _approve(self, action_id: str) -> list[str]:
        """The command of the account manager who signs."""
        email, person = self._signer()
        command = ["approve", action_id, "--as", email, "--key", person["key"]]
        return [*command, "--passphrase-file", person["passphrase_file"], "--lang", self.lang]

    def _signer(self) -> tuple[str, Mapping[str, Any]]:
        people: Mapping[str, Any] = self.company["people"]
        return next(pair for pair in people.items() if pair[1]["roles"] == ["am"])

    def _sign(self, action_id: str) -> None:
        self._title("sign")
        done = _run(self.directory, *self._approve(action_id))
        self._show_command(self._shown_approval(action_id), done)

    def _shown_approval(self, action_id: str) -> str:
        return f"cyberos approve {action_id} --as {self._signer()[0]} --key … --passphrase-file …"

    async def _see_it_done(self, client: Any, deal_id: str, action_id: str) -> None:
        self._title("done")
        seen = await self._call(client, "approvals_get", {"action_id": action_id}, quiet=True)
        assert seen["state"] == "succeeded", seen
        self._line(f"    {seen['state']}: {seen['summary']}")
        for effect in seen["result"]["side_effects"]:
            self._line(f"    [{effect['kind']}] {effect['state']}: {effect['detail']}")
        self._say("only_once")
        await self._call(
            client, "crm_close_deal", {"deal_id": deal_id, "outcome": "won"}, refused=True
        )

    async def _collect(self, client: Any, deal_id: str) -> None:
        """The code of the deal that was won, drawn as a terminal can."""
        from domain.vn import qr_image

        self._title("collect")
        asked = await self._call(client, "crm_generate_vietqr", {"deal_id": deal_id})
        signed = _run(self.directory, *self._approve(asked["action_id"]))
        assert signed.returncode == 0, signed.stderr
        self._line(f"  $ {self._shown_approval(asked['action_id'])}")
        self._say("scan")
        made = await self._call(client, "crm_generate_vietqr", {"deal_id": deal_id})
        for line in qr_image.blocks(made["payload"]):
            self._line(f"    {line}")

    async def _look_ahead(self, client: Any) -> None:
        self._title("outlook")
        await self._call(client, "crm_pipeline_board", {"pipeline_id": "sales"})
        await self._call(client, "crm_forecast", {"pipeline_id": "sales", "range": "90d"})
        await self._call(client, "crm_next_best_action", {})

    def _prove(self) -> None:
        self._title("prove")
        for command in ("checkpoint", "verify"):
            self._show_command(f"cyberos audit {command}", _run(self.directory, "audit", command))

    def _forge(self) -> None:
        """Change one byte of one entry in a copy of the database file, and ask the verifier."""
        self._title("forge")
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
        self._line(self.words["one_byte"].format(place=f"{place:,}"))
        verdict = _run(self.directory, "audit", "verify", "--database", str(copy))
        assert verdict.returncode == 1, "a forged entry must be found"
        self._show_command("cyberos audit verify --database copy.db", verdict, may_fail=True)

    def _connect(self) -> None:
        self._title("connect")
        launcher = Path(sys.argv[0])
        program = str(launcher) if launcher.name == "cyberos" else "cyberos"
        connecting = "connect --client claude-desktop --agent cro_agent"  # the demo has several
        for command in ("init --demo", connecting, "inbox", "doctor"):
            self._line(f"    {program} {command}")
        self._say("end")

    async def _call(
        self,
        client: Any,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        refused: bool = False,
        quiet: bool = False,
    ) -> Mapping[str, Any]:
        """One call of the agent; the story breaks if it does not end as told."""
        from mcp.shared.exceptions import MCPError

        self._line(f"  {self.words['agent']} → {tool} {_short(arguments)}")
        try:
            result = await client.call_tool(tool, dict(arguments))
        except MCPError as error:
            if not refused:
                raise
            self._line(f"    ✗ {error}")
            return {}
        assert bool(result.is_error) == refused, result.content
        if not quiet:
            mark = "✗ " if refused else ""
            for number, line in enumerate(result.content[0].text.splitlines()[:6]):
                self._line(f"    {mark if number == 0 else ''}{line}")
        return result.structured_content or {}

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[Any]:
        from mcp import Client, StdioServerParameters

        server = StdioServerParameters(
            command=sys.executable,
            args=[str(LAUNCHER), "serve"],
            env={
                **_environment(self.directory),
                "CYBEROS_AGENT_TOKEN": self.company["agents"]["cro_agent"]["token"],
            },
        )
        async with Client(server) as client:
            yield client

    def _show_command(
        self, shown: str, done: subprocess.CompletedProcess[str], *, may_fail: bool = False
    ) -> None:
        self._line(f"  $ {shown}")
        for line in (done.stdout + done.stderr).rstrip().splitlines():
            self._line(f"    {line}")
        if done.returncode and not may_fail:
            raise Fault("DEMO_BROKEN", Kind.UNAVAILABLE, "A step of the demo failed.")

    def _title(self, name: str) -> None:
        self.chapter += 1
        self._line("")
        self._line(f"{self.chapter}. {self.words[name]}")

    def _say(self, name: str) -> None:
        self._line(f"  · {self.words[name]}")

    def _line(self, text: str) -> None:
        typer.echo(text)


def _short(arguments: Mapping[str, Any]) -> str:
    """Arguments as a reader needs them: values, clipped."""
    pairs: Sequence[str] = [f"{name}={value}" for name, value in arguments.items()]
    return " ".join(pairs)[:150]
