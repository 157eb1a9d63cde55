"""Name notes: what stands beside a name, and is no part of it?

Address books hold degrees, jobs, departments and numbers in the field of the name. Nobody is
greeted by them: they are cut off at brackets, commas, bars, slashes and dashes between blanks,
and the usual degrees and jobs are known by themselves. Whoever is called like one of them is
written without a dot and alone.
"""

import re
import unicodedata
from collections.abc import Sequence

from domain.kernel.folding import fold

_REMARK = re.compile(r"[(\[{<（【][^()\[\]{}<>（）【】]*(?:[)\]}>）】]|$)")
_PAIR = re.compile(r"(?i)\W*(?:anh/chị|anh/chi|ông/bà|ong/ba|đ/c)(?=\s)")  # a title, and no cut
# A dash inside a word belongs to the name, and so may any sign that is glued to its end.
_CUT = re.compile(
    r"[,;:/_|•·，；]|(?:^|\s)[-\u2010-\u2015@&#*+=~]|[-\u2010-\u2015]\s",
)
_WORD_OF_A_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f'\u2018\u2019\u02bc`.\-\u2010])*")
# Degrees that are written without a vowel between their letters, so that no name is one of them.
_DEGREE_WORDS = """
    gs pgs ts tskh ths bs bsck ks kts ls ds cn ncs gv ck cki ckii ck1 ck2 dr prof nsnd nsưt ngnd
    ngưt gđ tgđ pgđ ktt cthđqt đ/c
"""
_DEGREES = frozenset(_DEGREE_WORDS.split())
_JOBS: Sequence[tuple[str, ...]] = tuple(
    tuple(job.split())
    for job in (
        *("giáo sư", "phó giáo sư", "tiến sĩ", "tiến sỹ", "thạc sĩ", "thạc sỹ", "cử nhân"),
        *("bác sĩ", "bác sỹ", "dược sĩ", "dược sỹ", "kỹ sư", "kĩ sư", "kiến trúc sư", "luật sư"),
        *("chuyên khoa i", "chuyên khoa ii", "chuyên khoa 1", "chuyên khoa 2", "nhà báo"),
        *("giám đốc", "phó giám đốc", "tổng giám đốc", "phó tổng giám đốc", "chủ tịch"),
        *("phó chủ tịch", "trưởng phòng", "phó phòng", "kế toán", "kế toán trưởng", "thủ quỹ"),
        *("trợ lý", "thư ký", "nhân viên", "quản lý", "đồng chí", "đại tá", "thượng tá"),
        *("trung tá", "thiếu tá", "đại úy", "thượng úy", "trung úy", "nghệ sĩ", "hiệu trưởng"),
        *("phó tổng", "tổng", "sếp", "vip", "sales", "ceo", "cfo", "cto", "coo"),
        *("tên", "họ tên", "họ và tên", "liên hệ", "người liên hệ", "đại diện", "khách hàng"),
    )
)
# What is written behind a name in English.
_BEHIND_WORDS = "phd mba cfa cpa acca msc bsc md esq ceo cfo cto coo cmo vip sales jr sr"
_BEHIND = frozenset(_BEHIND_WORDS.split())


def without_notes(typed: str) -> tuple[str, Sequence[str]]:
    """The name, with whatever titles stand before it, and the remarks that were in brackets.

    A text that is nothing but notes stays as it is.
    """
    remarks = [remark.strip("()[]{}<>（）【】 ") for remark in _REMARK.findall(typed)]
    text = _REMARK.sub(" ", typed)
    pair = _PAIR.match(text)
    title, text = (pair[0].strip(), text[pair.end() :]) if pair else ("", text)
    named = [words for piece in _CUT.split(text) if (words := _words(piece))]
    people = [words for words in named if without_jobs(words)] or named
    if people:
        return " ".join([title, *_without_ends(people[0])]).strip(), remarks
    return next(filter(_has_letters, remarks), typed), remarks


def without_jobs(words: Sequence[str]) -> Sequence[str]:
    """The words behind degrees and jobs; none where they are nothing else."""
    rest = _ungrouped(words)
    while rest:
        width = _width(rest)
        if not width:
            return rest
        rest = rest[width:]
    return rest


def _words(piece: str) -> list[str]:
    """The words of a piece that can be part of a name or of a job: no numbers and no signs."""
    return [word for word in piece.split() if _WORD_OF_A_NAME.fullmatch(word) or _is_degree(word)]


def _without_ends(words: Sequence[str]) -> Sequence[str]:
    """The words without degrees and jobs behind them, as long as a name is left."""
    kept = list(words)
    while len(kept) > 1 and _plain(kept[-1]) in _BEHIND:
        kept.pop()
    lower = [_plain(word) for word in kept]
    ends = [len(job) for job in _JOBS if len(job) > 1 and tuple(lower[-len(job) :]) == job]
    width = max(ends, default=0)
    return kept[:-width] if width and len(kept) - width > 1 else kept


def _ungrouped(words: Sequence[str]) -> Sequence[str]:
    """The words with what dots glue together taken apart: PGS.TS.Minh is three."""
    first = words[0].split(".") if words else []
    parts = [part for part in first if part]
    if len(parts) > 1 and _is_degree(parts[0]):
        return _dotted(parts, words[0]) + list(words[1:])
    return words


def _dotted(parts: Sequence[str], word: str) -> list[str]:
    ends = word.endswith(".")
    return [f"{part}." if ends or part is not parts[-1] else part for part in parts]


def _width(words: Sequence[str]) -> int:
    """How many words at the beginning are one degree or one job."""
    if _is_degree(words[0]):
        return 1
    lower = [_plain(word) for word in words]
    bare = [fold(word) for word in lower]
    found = [
        len(job)
        for job in _JOBS
        if tuple(lower[: len(job)]) == job
        or (len(job) > 1 and lower == bare and tuple(bare[: len(job)]) == _bare(job))
    ]
    return max(found, default=0)


def _bare(job: Sequence[str]) -> tuple[str, ...]:
    return tuple(fold(word) for word in job)


def _is_degree(word: str) -> bool:
    """PGS, PGS.TS. or Th.S; dots may stand anywhere in them."""
    parts = [part for part in _plain(word).split(".") if part]
    return bool(parts) and (_DEGREES.issuperset(parts) or "".join(parts) in _DEGREES)


def _plain(word: str) -> str:
    return unicodedata.normalize("NFC", word).rstrip(".").lower()


def _has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text)
