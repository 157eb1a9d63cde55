"""Events of accounts: what the chain tells of the definition of their custom fields."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from domain.kernel.canonical import sha256_hex
from domain.store.chain import Actor, Event
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class FieldsDefined:
    """The operator gave another definition. It is committed to; what names fields stays private."""

    EVENT: ClassVar = "accounts.fields_defined"

    schema: Mapping[str, Any]

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        definition = json.dumps(self.schema, ensure_ascii=False, sort_keys=True)
        tx.record(
            Event(
                self.EVENT,
                actor,
                data={"sha256": sha256_hex(definition.encode())},
                private={"definition": definition},
            )
        )
