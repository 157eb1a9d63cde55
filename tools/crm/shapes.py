"""Shapes of the sales pipeline: the words its arguments may be."""

from typing import Annotated, Literal, TypeAlias

from tools.shapes import LOWER

AccountTypeName: TypeAlias = Annotated[
    Literal["sole_proprietor", "llc", "jsc", "fdi", "individual", "other"], LOWER
]
SalutationName: TypeAlias = Annotated[Literal["anh", "chi", "ban", "em", "neutral"], LOWER]
StatusName: TypeAlias = Annotated[Literal["open", "won", "lost", "cancelled"], LOWER]
OutcomeName: TypeAlias = Annotated[Literal["won", "lost", "cancelled"], LOWER]
VisibilityName: TypeAlias = Annotated[Literal["workspace", "private"], LOWER]
ActivityName: TypeAlias = Annotated[Literal["call", "email", "meeting", "note"], LOWER]
