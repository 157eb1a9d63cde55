"""Change a draft: words and order of its lines, entries left out, and when it is due."""

from typing import Annotated, Literal

from pydantic import Field

from domain.invoices import editing
from domain.invoices.editing import DraftChanges, LineChange
from policies.gate.contract import Call, tool
from tools.crm.views import viewer
from tools.inv.invoice_views import WholeInvoice, whole_view
from tools.shapes import Ask, Day, Edit, Id, Line, Reference

_MOST = 200
Clearable = Literal["due_at"]


class LineEdit(Ask):
    """What is different of a line."""

    line_id: Id = Field(description="From inv_get_invoice.")
    description: Line | None = Field(default=None, description="What the customer reads.")
    position: Annotated[int, Field(ge=1, le=_MOST)] | None = Field(
        default=None, description="Its new place, from 1."
    )
    leave_out: Annotated[list[Id], Field(max_length=_MOST)] = Field(
        default_factory=list, description="Ids of entries that go from it, unbilled again."
    )


class UpdateDraft(Edit):
    """Which draft, and what is different."""

    invoice_id: Reference = Field(description="Id or number.")
    lines: Annotated[list[LineEdit], Field(max_length=_MOST)] = Field(
        default_factory=list, description="Only those that change."
    )
    bring_back: Annotated[list[Id], Field(max_length=_MOST)] = Field(
        default_factory=list, description="Entries that were left out before."
    )
    due_at: Day | None = Field(default=None, description="Else the account's terms decide.")
    clear: Annotated[list[Clearable], Field(max_length=1)] = Field(
        default_factory=list, description="Fields to make empty."
    )


class UpdatedDraftView(WholeInvoice):
    """The draft as it is now."""

    changed: bool

    def text(self) -> str:
        """One line for whether it changed, then the draft."""
        said = "Changed." if self.changed else "Nothing changed: it was so already."
        return self.telling(said, but=("changed",))


@tool("cyberos.inv.update_draft", title="Change a draft invoice", answer=UpdatedDraftView)
async def TOOL(call: Call, arguments: UpdateDraft) -> UpdatedDraftView:
    """Change words or order of a draft's lines, leave time entries out of it, or set its due date.

    Use this when the user wants a draft worded, ordered or cut otherwise. Hours and rates are
    never changed here: correct the time with inv_log_time once its entry is left out, then bring
    it back. A signed invoice is refused (INVOICE_LOCKED); what waits for people goes stale.
    Returns the draft with its lines and its new version.
    """
    updated = await editing.update(
        call.tx,
        viewer(call.principal),
        arguments.invoice_id,
        DraftChanges(
            lines=tuple(
                LineChange(
                    line_id=one.line_id,
                    description=one.description,
                    position=one.position,
                    leave_out=tuple(one.leave_out),
                )
                for one in arguments.lines
            ),
            bring_back=tuple(arguments.bring_back),
            due_at=arguments.due_at,
            clear_due_at="due_at" in arguments.clear,
        ),
        on=call.day,
        expected_version=arguments.expected_version,
    )
    return UpdatedDraftView(**await whole_view(call, updated.invoice), changed=updated.changed)
