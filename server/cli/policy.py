"""Shipped policy as one file: what does an operator begin a table of their own with?"""

import typer

from policies.gate import shipped
from server.cli.render import answer, say

JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add `cyberos policy`."""
    app.command("policy")(policy)


def policy(as_json: bool = JSON) -> None:
    """Show the shipped policy table as one file, which CYBEROS_POLICY_FILE can replace."""
    text = shipped.as_one_file()
    if as_json:
        answer({"policy": text})
    else:
        say(text.rstrip())
