"""Structured logs: what is written down of what happens?
One JSON object a line, and nothing anybody sent.

Of records of libraries only the place in their code is shown, and of exceptions only the type and
the places: messages and arguments may quote a customer.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

OURS = ("cyberos", "server", "policies", "domain", "tools")
QUIET_SECONDS = 60
_request_log = logging.getLogger("cyberos.requests")


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        shown: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        request = getattr(record, "request", None)
        if isinstance(request, dict):
            shown |= request
        elif record.name.partition(".")[0] in OURS:
            shown["message"] = record.getMessage()
        else:
            shown["at"] = f"{record.module}:{record.lineno}"
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            shown["exception"] = kind.__name__
            shown["trace"] = [
                f"{frame.name} ({frame.filename}:{frame.lineno})"
                for frame in traceback.extract_tb(trace)
            ]
        return json.dumps(shown, ensure_ascii=False, default=str)


class Seldom(logging.Filter):
    """One record a minute of each part of OpenTelemetry.

    A collector that is away is worth a line, and not four for every batch that does not leave.
    """

    def __init__(self) -> None:
        super().__init__("opentelemetry")
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is of something else, or the first for a while."""
        if not super().filter(record):
            return True
        if record.created - self._last.get(record.name, -QUIET_SECONDS) < QUIET_SECONDS:
            return False
        self._last[record.name] = record.created
        return True


def to_stderr(level: str) -> None:
    """Send every record to standard error; one line for each request, whatever the level."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(Seldom())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # its warnings are one per bad request
    _request_log.setLevel(logging.INFO)


def request(**facts: Any) -> None:
    """One request that was answered."""
    _request_log.info("request", extra={"request": facts})
