"""The version of the program, as clients, operators and monitoring are told it."""

from typing import Final

VERSION: Final = "0.1.0"
