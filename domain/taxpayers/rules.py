"""Taxpayer rules: what follows from an answer of the registry, and for how long?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.kernel.folding import fold
from domain.vn.tax_codes import TaxCodeStatus

FRESH_FOR = timedelta(days=7)
# Registries copy the tax office's list with a delay: who was registered lately is not there yet.
NOBODY_FRESH_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class GdtStatus:
    """A state of a taxpayer as the General Department of Taxation writes it.

    `means` is our reading: VALID for those who operate, INVALID for those who stopped or cannot be
    found, UNVERIFIED while the tax office itself is still looking.
    """

    code: str
    words: str
    means: TaxCodeStatus
    also: tuple[str, ...] = ()


# Circulars 105/2020, 86/2024 and, since 2026-07-01, 90/2026/TT-BTC (annex I; 09 is the youngest).
# `also` are the words of the tax office's own page, which differ a little. There are further codes
# (10); what is not in this table is not guessed.
GDT_STATUSES: Mapping[str, GdtStatus] = {
    status.code: status
    for status in (
        GdtStatus(
            "00",
            "NNT đang hoạt động (đã được cấp GCN ĐKT)",
            TaxCodeStatus.VALID,
            ("NNT đang hoạt động",),
        ),
        GdtStatus(
            "01",
            "NNT ngừng hoạt động và đã hoàn thành thủ tục chấm dứt hiệu lực MST",
            TaxCodeStatus.INVALID,
            ("NNT ngừng hoạt động và đã đóng MST",),
        ),
        GdtStatus("02", "NNT đã chuyển cơ quan thuế quản lý", TaxCodeStatus.VALID),
        GdtStatus(
            "03",
            "NNT ngừng hoạt động nhưng chưa hoàn thành thủ tục chấm dứt hiệu lực MST",
            TaxCodeStatus.INVALID,
            ("NNT ngừng hoạt động nhưng chưa hoàn thành thủ tục đóng MST",),
        ),
        GdtStatus(
            "04",
            "NNT đang hoạt động (hộ/cá nhân kinh doanh chưa đủ thông tin đăng ký thuế)",
            TaxCodeStatus.VALID,
            ("NNT đang hoạt động (được cấp thông báo MST)",),
        ),
        GdtStatus(
            "05",
            "NNT tạm ngừng hoạt động, kinh doanh có thời hạn",
            TaxCodeStatus.INVALID,
            ("NNT tạm nghỉ kinh doanh có thời hạn", "NNT tạm ngừng hoạt động, kinh doanh"),
        ),
        GdtStatus("06", "NNT không hoạt động tại địa chỉ đã đăng ký", TaxCodeStatus.INVALID),
        GdtStatus("07", "NNT chờ làm thủ tục phá sản", TaxCodeStatus.INVALID),
        GdtStatus(
            "09",
            "NNT chờ xác minh tình trạng hoạt động tại địa chỉ đã đăng ký",
            TaxCodeStatus.UNVERIFIED,
        ),
    )
}
_BY_WORDS = {
    fold(words): status.code
    for status in GDT_STATUSES.values()
    for words in (status.code, status.words, *status.also)
}


def gdt_status(words: str) -> str | None:
    """The code of a state, from its code or its words; None for any others."""
    return _BY_WORDS.get(fold(words))


def is_fresh(*, found: bool, checked_at: datetime, at: datetime) -> bool:
    """Whether an answer still holds without asking again."""
    return at - checked_at <= (FRESH_FOR if found else NOBODY_FRESH_FOR)


def status_of(
    *, found: bool, gdt_status: str | None, checked_at: datetime, at: datetime
) -> TaxCodeStatus:
    """What an answer means today.

    An old VALID is STALE. Who stopped stays INVALID until a registry says otherwise; that nobody
    has a code is soon forgotten, because registries lag.
    """
    if not found:
        fresh = is_fresh(found=False, checked_at=checked_at, at=at)
        return TaxCodeStatus.INVALID if fresh else TaxCodeStatus.UNVERIFIED
    means = GDT_STATUSES[gdt_status].means if gdt_status else TaxCodeStatus.UNVERIFIED
    return aged(means, checked_at=checked_at, at=at)


def aged(status: TaxCodeStatus, *, checked_at: datetime, at: datetime) -> TaxCodeStatus:
    """What a status that was written down with its time means today."""
    if status is TaxCodeStatus.VALID and not is_fresh(found=True, checked_at=checked_at, at=at):
        return TaxCodeStatus.STALE
    return status
