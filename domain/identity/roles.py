"""Roles of people: which are there? The closed list, written once."""

from typing import Final

ROLES: Final = frozenset({"sales", "am", "cro", "cfo", "dpo", "admin"})
