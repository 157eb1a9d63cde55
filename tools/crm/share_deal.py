"""Say who sees a deal."""

from typing import Annotated, TypeAlias

from pydantic import Field

from domain.deals import service, sharing
from domain.deals.rules import Visibility
from policies.gate.contract import Call, tool
from tools.crm.shapes import VisibilityName
from tools.crm.views import DEAL_WORDS, DealView, deal_view, viewer
from tools.shapes import Edit, Id, PersonReference, changed_text, untrusted_in

People: TypeAlias = Annotated[list[PersonReference], Field(max_length=20)]


class Share(Edit):
    """Which deal, and who sees it."""

    deal_id: Id = Field(description="From crm_list_deals.")
    visibility: VisibilityName | None = Field(
        default=None, description="private: only its owner and the people listed on it."
    )
    add: People = Field(default_factory=list, description="E-mails or ids of colleagues to list.")
    remove: People = Field(default_factory=list, description="E-mails or ids to take off the list.")


class Shared(DealView):
    """The deal as it is now; `members` are the e-mails of the people listed beside its owner."""

    members: list[str]
    changed: list[str]
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """Three lines: what changed, who is listed, the deal."""
        listed = ", ".join(self.members) or "nobody"
        return self.telling(
            changed_text(self.changed),
            f"Listed beside its owner: {listed}",
            but=("changed", "members"),
        )


@tool("cyberos.crm.share_deal", title="Share a deal", answer=Shared)
async def TOOL(call: Call, arguments: Share) -> Shared:
    """Say who sees an open deal: everybody in its workspace, or only people listed on it.

    Use this when the user wants a deal private, open to the workspace, or shown to somebody.
    Only the owner decides; you act for your person. Giving the deal away is crm_update_deal's.
    Returns the deal with its members; `changed` is empty when all of it was so already.
    """
    shared = await sharing.share(
        call.tx,
        arguments.deal_id,
        viewer=viewer(call.principal),
        visibility=Visibility(arguments.visibility) if arguments.visibility else None,
        add=arguments.add,
        remove=arguments.remove,
        expected=service.Expected(version=arguments.expected_version),
    )
    view = DealView(**deal_view(shared.deal, call.principal))
    return Shared(
        **deal_view(shared.deal, call.principal),
        members=list(shared.members),
        changed=list(shared.changed),
        untrusted_fields=untrusted_in(view, DEAL_WORDS),
    )
