"""Declarations: the shapes of what a module says of itself in its descriptor.

They stand below every module, so that whoever loops over the descriptors and whoever fills them in
need not know each other.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

# How much of a module belongs to an account, as far as a viewer may know: (transaction, id of the
# account, viewer) gives numbers by name. No two modules use the same name.
Count = Callable[[Any, str, Any], Awaitable[Mapping[str, int]]]
