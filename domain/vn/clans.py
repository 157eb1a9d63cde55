"""Clan names: who is called by the first words of a name, because the last one is the clan's?

Among the Ê Đê, and their neighbours the M'Nông, the own name stands first, with Y before a man's
and H' before a woman's, and the clan of the mother stands last: Y Moan Ênuôl, H'Hen Niê. Among the
Jrai the clan stands first (Ksor Kơk), and in Kon Tum Y is a woman's, so Y alone tells nothing.
Sources: baodaklak.vn (2022-06), thuvientailieu.vn 54594.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from domain.kernel.folding import fold

# Folded. Those of two words (Buôn Yă, Niê Kdăm) begin with one of these as well.
_CLAN_WORDS = """
    nie mlo eban ayun bya kdam enuol adrong kbuor ktla hwing hmok hdok knul ecam mdrang kdoh jrah
    arul aleo bkrong buon krieng kpor hlong hra bdap ntul kmlo
"""
_CLANS = frozenset(_CLAN_WORDS.split())
_WOMAN = re.compile(r"[Hh]['\u2018\u2019\u02bc`].*")
_SEX: dict[str, Literal["male", "female"]] = {"y": "male", "h": "female"}


class ClanName(NamedTuple):
    """A name whose bearer is called by its first words."""

    given: str
    clan: str
    gender: Literal["male", "female"]


def clan_name(words: Sequence[str]) -> ClanName | None:
    """The name of an Ê Đê or M'Nông in its parts; None for every other one."""
    if not words:
        return None
    is_woman = _WOMAN.fullmatch(words[0]) is not None
    own = 1 if is_woman and len(words[0]) > 2 else 2  # how many words the shortest own name has
    clan = next((at for at in range(own, len(words)) if fold(words[at]) in _CLANS), None)
    if clan is None and is_woman:
        clan = max(own, len(words) - 1)
    sex = "female" if is_woman else _SEX.get(words[0].lower())
    if clan is None or sex is None:
        return None
    return ClanName(" ".join(words[:clan]), " ".join(words[clan:]), sex)
