"""Words that the command lines of agents have in common, each in Vietnamese and in English."""

from collections.abc import Mapping

from domain.kernel.money import Locale
from server.cli.render import Words as Common

Table = Mapping[str, tuple[str, str]]

_WORDS: Table = {
    "dry_run": ("chạy thử, chưa ghi gì", "dry run, nothing was written"),
    "follow": ("theo dõi", "follow it"),
    "known": ("không có gì mới để ghi", "nothing new to record"),
    "sign": ("ký bằng", "sign it with"),
    "signatures": (
        "chưa có gì xảy ra; cần chữ ký đến {} của",
        "nothing has happened yet; until {} it needs the signature of",
    ),
}


class AgentWords:
    """The words of one program in one language; LANGUAGE_UNKNOWN for any but ours."""

    def __init__(self, language: str, own: Table) -> None:
        self._common = Common(language)
        self.locale: Locale = "vi" if language == "vi" else "en"
        self.place = 0 if self.locale == "vi" else 1
        self._own = own

    def __getitem__(self, name: str) -> str:
        found = self._own.get(name) or _WORDS[name]
        return found[self.place]

    def state(self, state: str) -> str:
        """Where an action stands, with its code for whoever looks it up."""
        return self._common.state(state)
