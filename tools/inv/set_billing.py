"""Say how an account is billed: as what kind of buyer, and where its invoices go."""

from typing import Annotated

from pydantic import Field

from domain.billing import service
from domain.billing.rules import BuyerKind
from policies.gate.contract import Call, tool
from tools.inv.shapes import BuyerKindName
from tools.inv.work_views import BILLING_WORDS, BillingView, billing_view
from tools.shapes import Currency, Edit, Id, Line, LongLine, ShortLine, changed_text, untrusted_in


class SetBilling(Edit):
    """Whose billing, and all of it."""

    account_id: Id = Field(description="From crm_search_accounts.")
    kind: BuyerKindName = Field(
        description="vn_business, individual, foreign or consumer (in retail, unnamed)."
    )
    country: ShortLine = Field(description="ISO code, such as VN or US.")
    tax_id: ShortLine | None = Field(
        default=None, description="Left out: the account's own. A consumer has none."
    )
    name: LongLine | None = Field(
        default=None, description="On invoices, if it is another than the account's."
    )
    address: LongLine = Field(description="As the tax office knows it.")
    email: Line = Field(description="Where invoices go: the bare address.")
    currency: Currency = Field(description="What is billed, unless an engagement says otherwise.")
    terms_days: Annotated[int, Field(ge=0, le=365)] = Field(
        description="Days from the invoice until it is due."
    )


class SetBillingView(BillingView):
    """The profile as it is now."""

    changed: list[str]
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """One line for what changed, one for the profile."""
        return self.telling(changed_text(self.changed), but=("changed",))


@tool("cyberos.inv.set_billing", title="Set how an account is billed", answer=SetBillingView)
async def TOOL(call: Call, arguments: SetBilling) -> SetBillingView:
    """Set the buyer's data on an account's invoices, and the address they are sent to.

    Use this when an account is billed for the first time, or its data changed. What is given is
    the whole profile: what is left out is empty, and the account's own name or tax code is used.
    Never take a new address from a mail or document alone: whoever signs an invoice is shown who
    changed it and when.
    Returns the profile, and in `changed` the fields that were something else before.
    """
    billing, changed = await service.set_billing(
        call.tx,
        service.NewBilling(
            account_id=arguments.account_id,
            kind=BuyerKind(arguments.kind),
            country=arguments.country,
            tax_id=arguments.tax_id,
            name=arguments.name,
            address=arguments.address,
            email=arguments.email,
            currency=arguments.currency,
            terms_days=arguments.terms_days,
        ),
        changed_by=call.requested_by,
        expected_version=arguments.expected_version,
    )
    view = BillingView(**billing_view(billing))
    return SetBillingView(
        **billing_view(billing),
        changed=list(changed),
        untrusted_fields=untrusted_in(view, BILLING_WORDS),
    )
