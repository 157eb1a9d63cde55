"""Resources: what can be read by its address? Each is the answer of one tool, and nothing more.

So a resource passes the same gate as its tool, with the same scope, counting and marking of
untrusted input. A resource whose tool the caller may not use is not there for it. Resources stand
in `tools/<namespace>/resources.py` as `RESOURCES`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from tools.finding import brought

_VARIABLE = re.compile(r"\{([a-z_]+)\}")
_VALUE = "([A-Za-z0-9_-]{1,64})"  # an id or a code; anything else is at no address


@dataclass(frozen=True, slots=True)
class Each:
    """Where the addresses of a template come from that are listed one by one: a short list.

    `tool` answers with `items`; `variables` says which of their fields is which variable.
    """

    tool: str
    variables: Mapping[str, str]
    title: str = "name"


@dataclass(frozen=True, slots=True)
class Resource:
    """An address, plain or a template (RFC 6570, level 1), and the tool that answers there.

    A variable is the argument of the tool with that name; `fixed` are further arguments. `holds`
    says for each variable what it names, so that it can be completed; `each` lists the addresses
    of a template, where there are few.
    """

    uri: str
    name: str
    tool: str
    title: str
    description: str
    holds: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    each: Each | None = None

    @property
    def variables(self) -> list[str]:
        """The variables of a template, in order; a plain address has none."""
        return _VARIABLE.findall(self.uri)

    def arguments(self, uri: str) -> dict[str, Any] | None:
        """What the tool has to be asked for this address; None if it is another resource's."""
        match = _shape(self.uri).fullmatch(uri)
        if match is None:
            return None
        return {**dict(zip(self.variables, match.groups(), strict=True)), **self.fixed}


@lru_cache(maxsize=64)
def _shape(template: str) -> re.Pattern[str]:
    return re.compile(_VARIABLE.sub(lambda _: _VALUE, template))


@cache
def resources() -> tuple[Resource, ...]:
    """Every resource of every namespace. Plain addresses come first: `pending` is no id."""
    found = [one for module in brought("resources") for one in module.RESOURCES]
    return tuple(sorted(found, key=lambda one: bool(one.variables)))
