"""What does a forecast say in words, and what does it not say? Vietnamese and English."""

from collections.abc import Iterator
from datetime import date

from domain.insight.forecast_rules import FEW_DEALS, NEEDED_PERIODS, Coverage, Totals
from domain.insight.forecasts import Forecast, Record
from domain.kernel.money import Locale, Money
from domain.kernel.rounding import divide

_BILLION, _MILLION = 1_000_000_000, 1_000_000


def spoken(minor: int, currency: str, locale: Locale) -> str:
    """An amount as it is said: `4,2 tỷ đồng`, `310 million VND`; to a tenth, half to even.

    For the ear only; the figures beside it are exact.
    """
    if currency != "VND" or minor < _MILLION:
        return Money(minor, currency).text(locale)
    large = minor >= _BILLION
    tenths = divide(10 * minor, _BILLION if large else _MILLION)
    whole, tenth = divmod(tenths, 10)
    if locale == "vi":
        shown = f"{whole:,}".replace(",", ".") + (f",{tenth}" if tenth else "")
        return f"{shown} {'tỷ' if large else 'triệu'} đồng"
    shown = f"{whole:,}" + (f".{tenth}" if tenth else "")
    return f"{shown} {'billion' if large else 'million'} VND"


def summary(made: Forecast, locale: Locale) -> str:
    """Two or three sentences that a sales lead can say aloud."""
    if made.total is None:
        return _nothing(made, locale)
    total = made.total
    mid, at_80, at_95, low, high = (
        spoken(minor, total.currency, locale)
        for minor in (total.median_minor, total.at_least(80), total.at_least(95), *total.band(80))
    )
    first, until = _day(made.first, locale), _day(made.until, locale)
    if locale == "vi":
        return (
            f"Từ {first} đến {until}, {total.deals} cơ hội đang mở có thể mang về khoảng {mid},"
            f" cao hơn hay thấp hơn đều có thể như nhau. Có 80 % khả năng đạt ít nhất {at_80} và"
            f" 95 % khả năng đạt ít nhất {at_95}. Với xác suất 80 %, kết quả nằm giữa {low} và"
            f" {high}."
        )
    return (
        f"From {first} to {until} the {_deals(total.deals)} may bring in about {mid}, as likely"
        f" more as less. With 80 % certainty it is at least {at_80}, with 95 % at least {at_95}."
        f" In four futures out of five it lies between {low} and {high}."
    )


def notes(made: Forecast, locale: Locale) -> list[str]:
    """What the sum leaves out, and what it rests on."""
    return list(_notes_vi(made) if locale == "vi" else _notes_en(made))


def verdict(record: Record, locale: Locale) -> str:
    """How good the forecasts were, in words; below 20 periods only that nobody can tell."""
    found = record.accuracy
    known = found.periods if found else 0
    if found is None or not found.is_enough:
        if locale == "vi":
            return (
                f"Chưa đủ dữ liệu quá khứ: mới có {known} trong {NEEDED_PERIODS} kỳ cần thiết đã"
                f" có kết quả, {record.waiting} dự báo còn đang chờ. Chưa thể nói dự báo tốt hay"
                " không."
            )
        return (
            f"Not enough history: {known} of {NEEDED_PERIODS} periods have an outcome,"
            f" {record.waiting} forecasts are still waiting for theirs. Nobody can say yet how"
            " good the forecasts are."
        )
    if locale == "vi":
        parts = ", ".join(f"dải {one.band_pct} % đúng {_times(one)}" for one in found.coverage)
        return f"Qua {known} kỳ không trùng nhau: {parts}."
    parts = ", ".join(f"the {one.band_pct} % band held {_times(one)}" for one in found.coverage)
    return f"Over {known} periods that do not overlap: {parts}."


def _times(one: Coverage) -> str:
    return f"{one.inside}/{one.periods} ({one.pct} %)"


def _nothing(made: Forecast, locale: Locale) -> str:
    left = made.left_out
    if left.too_large:
        if locale == "vi":
            return "Không có dự báo: giá trị các cơ hội lớn đến mức chắc là nhập sai."
        return "There is no forecast: the amounts are so large that they look like a mistake."
    first, until = _day(made.first, locale), _day(made.until, locale)
    if left.worthless or left.without_rate:
        if locale == "vi":
            return (
                f"Từ {first} đến {until} không có cơ hội nào có giá trị để cộng, nên không dự báo."
            )
        return f"From {first} to {until} no deal has an amount to add up: nothing to forecast."
    if locale == "vi":
        return f"Từ {first} đến {until} không có cơ hội đang mở nào dự kiến chốt, nên không dự báo."
    return f"No open deal is expected to close from {first} to {until}: nothing to forecast."


def _notes_vi(made: Forecast) -> Iterator[str]:
    left, shock, size = made.left_out, made.shock, _size(made, "vi")
    if made.total is not None:
        yield (
            f"Mức sai chung của mọi cơ hội là giả định ({size}), vì mới có {shock.periods} trong"
            f" {NEEDED_PERIODS} kỳ có kết quả; các dải chỉ tốt bằng giả định đó."
            if shock.is_default
            else f"Mức sai chung của mọi cơ hội ({size}) ước lượng từ {shock.periods} kỳ đã qua."
        )
    if _is_few(made.total):
        yield "Rất ít cơ hội: các dải chỉ liệt kê kết quả có thể, không phải khoảng đáng tin."
    if left.overdue:
        yield f"{left.overdue} cơ hội quá ngày dự kiến mà còn mở, không tính: hãy đặt ngày mới."
    if left.undated:
        yield f"{left.undated} cơ hội chưa có ngày dự kiến, không tính."
    if left.elsewhen:
        yield f"{left.elsewhen} cơ hội dự kiến ngoài khoảng này, không tính."
    if left.without_rate:
        yield f"{left.without_rate} cơ hội không quy đổi được: thiếu tỷ giá {_codes(made)}."
    if left.worthless:
        yield f"{left.worthless} cơ hội có giá trị bằng 0."
    if left.too_large and made.total is not None:
        yield f"{left.too_large} cơ hội có giá trị quá lớn, không tính: hãy kiểm tra số 0."
    if made.certain:
        yield f"{made.certain} cơ hội ghi 100 % được tính là 99 %: chưa chốt thì chưa chắc."


def _notes_en(made: Forecast) -> Iterator[str]:
    left, shock, size = made.left_out, made.shock, _size(made, "en")
    if made.total is not None:
        yield (
            f"How much all deals err together is assumed ({size}), because {shock.periods} of"
            f" {NEEDED_PERIODS} periods have an outcome; the bands are as good as that assumption."
            if shock.is_default
            else f"How much all deals err together ({size}) is learnt from {shock.periods} periods."
        )
    if _is_few(made.total):
        yield "Very few deals: the bands list outcomes and are no range to rely on."
    if left.overdue:
        yield f"{_deals(left.overdue)} past the expected date, not counted: give new dates."
    if left.undated:
        yield f"{_deals(left.undated)} without an expected date, not counted."
    if left.elsewhen:
        yield f"{_deals(left.elsewhen)} expected at another time, not counted."
    if left.without_rate:
        yield f"{_deals(left.without_rate)} not converted: there is no rate of {_codes(made)}."
    if left.worthless:
        yield f"{_deals(left.worthless)} with an amount of 0."
    if left.too_large and made.total is not None:
        yield f"{_deals(left.too_large)} too large to be added up, not counted: check the zeros."
    if made.certain:
        yield f"{_deals(made.certain)} at 100 % taken as 99 %: what is open is not certain."


def _deals(count: int) -> str:
    return "1 open deal" if count == 1 else f"{count:,} open deals"


def _is_few(total: Totals | None) -> bool:
    return total is not None and total.deals < FEW_DEALS


def _size(made: Forecast, locale: Locale) -> str:
    size = f"{made.shock.permille / 1_000:.2f}"
    return f"{size.replace('.', ',')} log-odds" if locale == "vi" else f"{size} in log-odds"


def _codes(made: Forecast) -> str:
    return ", ".join(made.left_out.currencies)


def _day(day: date, locale: Locale) -> str:
    return f"{day:%d/%m/%Y}" if locale == "vi" else day.isoformat()
