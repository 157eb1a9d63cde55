"""Shapes of the sales pipeline: the words its arguments may be."""

from typing import Annotated, Literal, TypeAlias

from pydantic import StringConstraints, WithJsonSchema

from domain.tasks.rules import read_due
from tools.shapes import LOWER, read_by

AccountTypeName: TypeAlias = Annotated[
    Literal["sole_proprietor", "llc", "jsc", "fdi", "individual", "other"], LOWER
]
SalutationName: TypeAlias = Annotated[Literal["anh", "chi", "ban", "em", "neutral"], LOWER]
StatusName: TypeAlias = Annotated[Literal["open", "won", "lost", "cancelled"], LOWER]
OutcomeName: TypeAlias = Annotated[Literal["won", "lost", "cancelled"], LOWER]
ByName: TypeAlias = Annotated[Literal["owner"], LOWER]
VisibilityName: TypeAlias = Annotated[Literal["workspace", "private"], LOWER]
ActivityName: TypeAlias = Annotated[Literal["call", "email", "meeting", "note"], LOWER]
TaskStatusName: TypeAlias = Annotated[Literal["open", "done", "dropped"], LOWER]
TaskOutcomeName: TypeAlias = Annotated[Literal["done", "dropped", "put_off"], LOWER]
# A day, or a time of the company: checked here, and read on the company's clock by the tool.
DueText: TypeAlias = Annotated[
    str,
    StringConstraints(strip_whitespace=True),
    read_by(read_due),
    WithJsonSchema({"type": "string"}),
]
