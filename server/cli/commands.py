"""Commands of `cyberos`: which are there, and how does a mistake in typing become a fault?"""

from collections.abc import Sequence
from importlib import import_module
from importlib.resources import files

import typer

from domain.kernel.faults import Fault, Kind
from server.version import VERSION


def application() -> typer.Typer:
    """The command line with all its commands."""
    app = typer.Typer(
        no_args_is_help=False,
        add_completion=False,
        rich_markup_mode=None,  # plain text: quicker to start, and the same on every console
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(cyberos)
    for command in (serve, relay, http):
        app.command(
            add_help_option=False,
            context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        )(command)
    for name in _groups():
        import_module(f"server.cli.{name}").register(app)
    return app


def _groups() -> list[str]:
    """The modules beside this one that bring commands: those with a `register(app)`.

    They are read and not imported to find that out. One that is not there is missed by nobody, so
    a command that is not needed at the moment never keeps people from approving or rejecting.
    """
    return sorted(
        one.name.removesuffix(".py")
        for one in files("server.cli").iterdir()
        if one.name.endswith(".py") and b"\ndef register(" in one.read_bytes()
    )


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and say its exit code."""
    return run_typer(application(), arguments, "cyberos")


def run_typer(app: typer.Typer, arguments: Sequence[str], name: str) -> int:
    """Run one command of a program of ours; a typing mistake becomes a fault."""
    command = typer.main.get_command(app)
    try:
        code = command.main(args=list(arguments), prog_name=name, standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        raise Fault(
            "USAGE",
            Kind.INVALID,
            error.format_message().splitlines()[0],
            "add --help to the command to see what it takes.",
        ) from None
    return code if isinstance(code, int) else 0


def cyberos(
    context: typer.Context,
    debug: bool = typer.Option(False, "--debug", help="Show where an internal error happened."),
    version: bool = typer.Option(False, "--version", help="Say which version this is, and end."),
) -> None:
    """CyberOS: AI agents work the pipeline over MCP, people keep the last word.

    Start with `cyberos init` (a real company) or `cyberos init --demo`.
    """
    if version:
        typer.echo(f"cyberos {VERSION}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def serve(context: typer.Context) -> None:
    """Serve one MCP client over standard input and output."""
    from server.mcp_server import main

    raise typer.Exit(main(context.args))


def relay(context: typer.Context) -> None:
    """Speak to a `cyberos http` elsewhere for a client that knows only stdio."""
    from server.relay import main

    raise typer.Exit(main(context.args))


def http(context: typer.Context) -> None:
    """Serve any number of agents over HTTP."""
    from server.http.command import main

    raise typer.Exit(main(context.args))
