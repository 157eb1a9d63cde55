"""Activity rules: what counts, when may it have happened, which event is it the record of?"""

import re
from datetime import datetime, timedelta
from enum import StrEnum

from domain.kernel.faults import Fault, Kind


class ActivityKind(StrEnum):
    """What happened with a customer."""

    CALL = "call"
    EMAIL = "email"
    MEETING = "meeting"
    NOTE = "note"


CLOCK_SKEW = timedelta(minutes=5)  # how far the clock of a mail server may be ahead of ours

_SOURCE_EVENT = re.compile("[!-~]{1,200}")


def check_occurred_at(occurred_at: datetime, now: datetime) -> None:
    """An activity is a fact, so it lies in the past; `CLOCK_SKEW` ahead of `now` is forgiven.

    Raises Fault OCCURRED_AT_INVALID, also for an instant without a zone.
    """
    if occurred_at.tzinfo is None or occurred_at - now > CLOCK_SKEW:
        raise Fault(
            "OCCURRED_AT_INVALID",
            Kind.INVALID,
            "An activity has an instant with a zone that is not in the future.",
            "Give the instant like 2026-04-01T09:30:00+07:00; a plan is not an activity.",
        )


def check_source_event_id(source_event_id: str) -> str:
    """The id an event has where it comes from: 1 to 200 visible ASCII characters, no spaces.

    A Message-ID, a calendar UID and a ULID all fit. The same id from the same source is the
    same event, so it is compared exactly and never tidied. Raises Fault SOURCE_EVENT_INVALID.
    """
    if not _SOURCE_EVENT.fullmatch(source_event_id):
        raise Fault(
            "SOURCE_EVENT_INVALID",
            Kind.INVALID,
            "An event id has 1 to 200 visible ASCII characters and no spaces.",
            "Use the id of the mail, call or meeting in its own system, or leave it out.",
        )
    return source_event_id
