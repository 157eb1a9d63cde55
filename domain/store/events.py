"""Audit events of the store itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

# What people approved was carried out. The module of approvals writes it, as the step of an action
# into this state; it stands here because laws of every module ask for it.
SUCCEEDED: Final = "action.succeeded"


@dataclass(frozen=True, slots=True)
class Erased:
    """A private value was erased: the salt and the body that an entry commits to."""

    EVENT: ClassVar = "gdpr.erase"

    value: str

    @classmethod
    def of(cls, seq: int, field: str) -> Self:
        """What has to be told of a value that is gone."""
        return cls(f"private_value:{seq}/{field}")

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        return cls(str(entry.get("object")))
