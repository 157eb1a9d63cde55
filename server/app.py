"""Entry point: which program runs, and how does a person hear that something went wrong?

`cyberos serve` and `relay` go straight to their work, because start-up is part of the product;
every other command goes to the command line. Faults are rendered here and nowhere else: one
sentence and the next step on standard error, an exit code that says what to do, and with `--json`
one object.
"""

import gc
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from domain.kernel.faults import Fault, Kind
from tools.steps import worded

# What the caller can do about it, as a number a script can ask for.
EXIT_CODES = {
    Kind.INVALID: 2,
    Kind.NOT_FOUND: 3,
    Kind.CONFLICT: 4,
    Kind.FORBIDDEN: 5,
    Kind.UNAVAILABLE: 6,
}
BROKEN = 70  # sysexits.h: EX_SOFTWARE
INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


def main() -> None:
    """Run what the command line asks for, and end the process."""
    raise SystemExit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and say how it ended. Tests come in here."""
    speak_unicode(sys.stdout)
    speak_unicode(sys.stderr)
    if arguments[:1] == ["serve"]:
        return guarded(lambda: _serve(arguments[1:]), arguments)
    if arguments[:1] == ["relay"]:
        return guarded(lambda: _relay(arguments[1:]), arguments)
    return guarded(lambda: _command(arguments), arguments)


def crm() -> None:
    """Run what the command line of `cyberos-crm` asks for, and end the process."""
    raise SystemExit(run_crm(sys.argv[1:]))


def run_crm(arguments: Sequence[str]) -> int:
    """Run one command of `cyberos-crm` and say how it ended. Tests come in here."""
    speak_unicode(sys.stdout)
    speak_unicode(sys.stderr)
    return guarded(lambda: _crm_command(arguments), arguments, program="cyberos-crm")


def inv() -> None:
    """Run what the command line of `cyberos-inv` asks for, and end the process."""
    raise SystemExit(run_inv(sys.argv[1:]))


def run_inv(arguments: Sequence[str]) -> int:
    """Run one command of `cyberos-inv` and say how it ended. Tests come in here."""
    speak_unicode(sys.stdout)
    speak_unicode(sys.stderr)
    return guarded(lambda: _inv_command(arguments), arguments, program="cyberos-inv")


def guarded(work: Callable[[], int], arguments: Sequence[str], program: str = "cyberos") -> int:
    """Whatever happens inside becomes words and an exit code."""
    try:
        return work()
    except Fault as fault:
        show_fault(fault, as_json="--json" in arguments)
        return EXIT_CODES[fault.kind]
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{program}: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:
        logging.getLogger("cyberos").debug("the command broke", exc_info=True)
        _show_crash(arguments, program)
        return BROKEN


def show_fault(fault: Fault, *, as_json: bool) -> None:
    """One fault, for a person or for a program."""
    worded(fault)
    if as_json:
        sys.stdout.write(json.dumps(fault_object(fault), ensure_ascii=False, default=str) + "\n")
        return
    sys.stderr.write(f"{fault.code}: {fault.message}\n")
    if fault.hint:
        sys.stderr.write(f"Hint: {fault.hint}\n")


def fault_object(fault: Fault) -> dict[str, Any]:
    """The JSON answer of a command that was refused."""
    return {
        "ok": False,
        "code": fault.code,
        "message": fault.message,
        "hint": worded(fault).hint,
        "facts": dict(fault.facts),
    }


def speak_unicode(stream: TextIO) -> None:
    """Vietnamese text must not break a console that was set up for another alphabet."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="replace")


def _serve(arguments: Sequence[str]) -> int:
    # Nothing that is loaded becomes garbage: looking for some takes a sixth of the start.
    gc.disable()
    try:
        from server.mcp_server import main as serve

        return serve(arguments)
    finally:
        gc.enable()


def _relay(arguments: Sequence[str]) -> int:
    from server.relay import main as relay

    return relay(arguments)


def _command(arguments: Sequence[str]) -> int:
    from server.cli.commands import run_command

    return run_command(arguments)


def _crm_command(arguments: Sequence[str]) -> int:
    from server.crm_cli.commands import run_command

    return run_command(arguments)


def _inv_command(arguments: Sequence[str]) -> int:
    from server.inv_cli.commands import run_command

    return run_command(arguments)


def _show_crash(arguments: Sequence[str], program: str) -> None:
    """Our own mistake: nothing of it is shown, unless somebody asks to see where it is."""
    try_debug = f"run it again as `{program} --debug ...` to see where it happened."
    if "--debug" in arguments:
        import traceback

        traceback.print_exc()
    if "--json" in arguments:
        broken = Fault("INTERNAL_ERROR", Kind.UNAVAILABLE, "Internal error.", try_debug)
        show_fault(broken, as_json=True)
        return
    sys.stderr.write(f"{program}: internal error. Hint: {try_debug}\n")
