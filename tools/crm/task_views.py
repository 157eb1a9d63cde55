"""Views of tasks: how does an agent see what is to be done?"""

from datetime import datetime
from zoneinfo import ZoneInfo

from domain.tasks.queries import TaskCard
from domain.tasks.rules import Due
from policies.gate.contract import About
from tools.shapes import View

TASK_WORDS = ("title", "account_name", "deal_name")


class TaskView(View):
    """A task. `due` is a day, or a time of the company; `owner` is an e-mail address."""

    id: str
    title: str
    due: str
    overdue: bool | None = None
    status: str
    owner: str
    account_id: str | None = None
    account_name: str | None = None
    contact_id: str | None = None
    deal_id: str | None = None
    deal_name: str | None = None
    version: int

    leads = ("id", "title")

    def about(self) -> About:
        """The task."""
        return About("task", self.id)


def task_view(card: TaskCard, zone: ZoneInfo, at: datetime) -> TaskView:
    """A task as it is seen at an instant, by people who live by the clock of this zone."""
    return TaskView(
        id=card.id,
        title=card.title,
        due=Due(card.due_at, card.whole_day).text(zone),
        overdue=(card.status == "open" and card.due_at <= at) or None,
        status=card.status,
        owner=card.owner,
        account_id=card.account_id,
        account_name=card.account_name,
        contact_id=card.contact_id,
        deal_id=card.deal_id,
        deal_name=card.deal_name,
        version=card.version,
    )
