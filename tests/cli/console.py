"""Console for tests: how do tests use the command line?
In this process for speed, as a program where that matters.
"""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import anyio

from domain.identity import tokens
from domain.store.engine import Role
from policies.gate.gate import Gate
from server import settings as environment
from server import wiring
from server.app import run, run_crm, run_inv

ROOT = Path(__file__).parents[2]

_NUMBERS = count(1)

# Whom the demo's people are known as here: how their e-mail addresses begin.
SALES, AM, CRO, CFO = "linh.tran", "duc.nguyen", "ha.pham", "quang.vo"
DPO, ADMIN, ADMIN2, BOTH = "an.le", "khoa.dang", "thao.bui", "tam.hoang"


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def body(self) -> Any:
        """Its JSON answer."""
        return json.loads(self.out)

    @property
    def everything(self) -> str:
        return self.out + self.err


@dataclass
class Place:
    """An installation: its environment, and the commands people run in it."""

    env: dict[str, str]
    capsys: Any = None
    seen: list[str] = field(default_factory=list)

    @property
    def data_dir(self) -> Path:
        return Path(self.env["CYBEROS_DATA_DIR"])

    @property
    def is_embedded(self) -> bool:
        return "CYBEROS_DATABASE_URL" not in self.env

    @property
    def demo(self) -> Any:
        """demo.json."""
        return json.loads((self.data_dir / "demo.json").read_text("utf-8"))

    def run(self, *arguments: str) -> Ended:
        """One command, in this process."""
        self.capsys.readouterr()
        with environ(self.env):
            code = run([str(one) for one in arguments])
        out, err = self.capsys.readouterr()
        self.seen += [out, err]
        return Ended(code, out, err)

    def crm(self, *arguments: str, agent: str = "cro_agent") -> Ended:
        """One command of `cyberos-crm`, in this process, as an agent of the demo."""
        return self._as(agent, run_crm, arguments)

    def inv(self, *arguments: str, agent: str = "cfo_agent") -> Ended:
        """One command of `cyberos-inv`, in this process, as an agent of the demo."""
        return self._as(agent, run_inv, arguments)

    def _as(
        self, agent: str, program: Callable[[Sequence[str]], int], arguments: Sequence[str]
    ) -> Ended:
        self.capsys.readouterr()
        with environ({**self.env, "CYBEROS_AGENT_TOKEN": self.demo["agents"][agent]["token"]}):
            code = program([str(one) for one in arguments])
        out, err = self.capsys.readouterr()
        self.seen += [out, err]
        return Ended(code, out, err)

    def ok(self, *arguments: str) -> Any:
        """One command that must succeed; its JSON answer."""
        ended = self.run(*arguments, "--json")
        assert ended.code == 0, ended.everything
        assert ended.body["ok"] is True
        return ended.body

    def fault(self, *arguments: str) -> Any:
        """One command that must be refused; the fault as JSON, with the exit code in it."""
        ended = self.run(*arguments, "--json")
        assert ended.code not in (0, 70), ended.everything
        assert ended.body["ok"] is False
        assert set(ended.body) == {"ok", "code", "message", "hint", "facts"}
        assert ended.err == ""
        return {**ended.body, "exit": ended.code}

    def program(self, *arguments: str, **more: Any) -> Ended:
        """One command as a program of its own."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "cyberos.py"), *arguments],
            env=outside(self.env),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
            **more,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def crm_program(self, *arguments: str) -> Ended:
        """One command of `cyberos-crm` as a program of its own, which has no token yet."""
        start = "import sys, cyberos; sys.argv[0] = 'cyberos-crm'; cyberos.crm()"
        done = subprocess.run(
            [sys.executable, "-c", start, *arguments],
            cwd=ROOT,
            env=outside(self.env),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    # --- the agent's side ---

    def call(self, tool: str, arguments: Mapping[str, Any], agent: str = "cro_agent") -> Any:
        """One call through the gate, with a token of the demo."""
        return self.call_as(self.demo["agents"][agent]["token"], tool, arguments)

    def call_as(self, token: str, tool: str, arguments: Mapping[str, Any]) -> Any:
        """One call through the gate."""

        async def calling() -> Any:
            async with gate() as through:
                return (await through.call(tokens.parse(token), tool, arguments)).structured

        with environ(self.env):
            return anyio.run(calling)

    def a_deal(self, **more: Any) -> str:
        """A new open deal of the demo company, with a new customer: one customer's add up."""
        new = {"name": f"Khách hàng số {next(_NUMBERS)}", "account_type": "llc"}
        account_id = more.pop("account_id", None) or self.call("crm_create_account", new)["id"]
        fields = {"account_id": account_id, "name": "Bảo trì năm sau", "amount_minor": 2_500_000}
        fields["confirm_unusual"] = True  # of an amount beside those of the demo
        created = self.call("crm_create_deal", {**fields, "currency": "VND", **more})
        return str(created.get("deal", created)["id"])

    def proposed(self, **more: Any) -> str:
        """A pending action: close a new deal as won."""
        note = more.pop("note_to_approver", None)
        arguments = {"deal_id": self.a_deal(**more), "outcome": "won"}
        if note is not None:
            arguments["note_to_approver"] = note
        return str(self.call("crm_close_deal", arguments)["action_id"])

    def proposed_bank_account(self, token: str | None = None) -> str:
        """A pending action that two distinct people have to sign."""
        arguments = {
            "bank_bin": "970436",
            "account_number": f"77{next(_NUMBERS):08d}",
            "account_name": "CONG TY CO PHAN GIAI PHAP SAO BIEN",
            "currency": "VND",
        }
        token = token or self.demo["agents"]["cfo_agent"]["token"]
        return str(self.call_as(token, "admin_add_bank_account", arguments)["action_id"])

    def take_back(self) -> None:
        """Cancel what the demo's agents left waiting: each may have twenty actions, no more."""

        async def taking_back() -> None:
            async with gate() as through:
                for agent in ("cro_agent", "cfo_agent"):
                    token = tokens.parse(self.demo["agents"][agent]["token"])
                    listed = await through.call(token, "approvals_list", {"limit": 100})
                    for one in listed.structured["items"]:
                        if one["state"] == "pending":
                            mine = {"action_id": one["action_id"]}
                            await through.call(token, "approvals_cancel", mine)

        with environ(self.env):
            anyio.run(taking_back)

    # --- the people's side ---

    def signing(self, who: str) -> list[str]:
        """The flags with which a person of the demo signs; `who` begins their e-mail address."""
        people = {**self.demo["people"], **self.demo["other_tenant"]["people"]}
        email = next(one for one in people if one.startswith(who))
        return [
            "--as", email,
            "--key", people[email]["key"],
            "--passphrase-file", people[email]["passphrase_file"],
        ]  # fmt: skip

    def secrets(self) -> list[str]:
        """Everything that must never be shown: tokens, passphrases, private keys."""
        files = [
            *self.data_dir.rglob("*.passphrase"),
            *self.data_dir.rglob("*.token"),
            *self.data_dir.rglob("*.key"),
        ]
        texts = [path.read_text("utf-8").strip() for path in files]
        return [line for text in texts for line in text.splitlines() if not line.startswith("---")]


@asynccontextmanager
async def gate() -> AsyncIterator[Gate]:
    """The gate of the installation that the environment names."""
    settings = environment.read()
    opened = await wiring.database(settings, Role.AGENT)
    try:
        yield wiring.gate(settings, opened, *wiring.policy(settings))
    finally:
        await opened.close()


def outside(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program: ours without what belongs to CyberOS, then what is given."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CYBEROS_")}
    return {**ours, **env}


@contextmanager
def environ(env: Mapping[str, str]) -> Iterator[None]:
    """The same for a command in this process."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(outside(env))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
