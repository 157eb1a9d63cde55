"""Start CyberOS.

The wheel carries the packages inside one directory, so that installing it never claims a
name as common as `tools` in site-packages. This file puts that directory first on the
path; in a checkout the packages sit next to it and the same line finds them.
"""

import sys
from pathlib import Path

__path__: list[str] = []  # the packages are `domain`, `tools`, ... and never also `cyberos.domain`
sys.path.insert(0, str(Path(__file__).resolve().parent))


def main() -> None:
    """Run the command line."""
    from server.app import main as run  # only importable once the line above has run

    run()


def crm() -> None:
    """Run the command line of the sales pipeline."""
    from server.app import crm as run  # only importable once the line above has run

    run()


def inv() -> None:
    """Run the command line of work and invoices."""
    from server.app import inv as run  # only importable once the line above has run

    run()


if __name__ == "__main__":
    main()
