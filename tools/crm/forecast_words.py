"""Words of a forecast: what does a forecast say in words, and what does it not say?
Vietnamese and English.
"""

from collections.abc import Iterator
from datetime import date

from domain.insight.forecast_rules import (
    COMMITS,
    FEW_DEALS,
    NEEDED_PERIODS,
    Coverage,
    Length,
    Totals,
)
from domain.insight.forecasts import Forecast, ForecastRecord
from domain.kernel.counting import counted
from domain.kernel.money import Locale, Money
from domain.kernel.rounding import divide

_BILLION, _MILLION = 1_000_000_000, 1_000_000


def spoken(minor: int, currency: str, locale: Locale, *, at_least: bool = False) -> str:
    """An amount as it is said: `4,2 tỷ đồng`, `310 million VND`; to a tenth, half to even.

    What is promised `at_least` is rounded down. For the ear only; the figures beside it are exact.
    """
    if currency != "VND" or minor < _MILLION:
        return Money(minor, currency).text(locale)

    def tenths_of(unit: int) -> int:
        return 10 * minor // unit if at_least else divide(10 * minor, unit)

    large = minor >= _BILLION or tenths_of(_MILLION) >= 10_000  # 999,96 triệu is 1 tỷ
    tenths = tenths_of(_BILLION if large else _MILLION)
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
    if total.median_minor == 0 or _is_few(total):
        return _all_or_nothing(made, total, locale)
    lowest, highest = total.band(80)
    mid, high = (spoken(minor, total.currency, locale) for minor in (total.median_minor, highest))
    low = spoken(lowest, total.currency, locale, at_least=True)
    first, until = _day(made.first, locale), _day(made.until, locale)
    if locale == "vi":
        return (
            f"Từ {first} đến {until}, {total.deals} cơ hội đang mở có thể mang về khoảng {mid},"
            f" khả năng cao hơn và thấp hơn là như nhau. {_commits(total, locale)} Với xác suất ít"
            f" nhất 80 %, kết quả nằm giữa {low} và {high}."
        )
    return (
        f"From {first} to {until} the {_deals(total.deals)} may bring in about {mid}, as likely"
        f" more as less. {_commits(total, locale)} With at least 80 % certainty it lies between"
        f" {low} and {high}."
    )


def notes(made: Forecast, locale: Locale) -> list[str]:
    """What the sum leaves out, and what it rests on."""
    return list(_notes_vi(made) if locale == "vi" else _notes_en(made))


def verdict(record: ForecastRecord, locale: Locale) -> str:
    """How good the forecasts were, in words, length by length; below 20 periods nobody can tell."""
    waiting = record.waiting
    if locale == "vi":
        nothing = (
            f"Chưa đủ dữ liệu quá khứ: mới có 0 trong {NEEDED_PERIODS} kỳ cần thiết đã có kết quả,"
            " chưa thể nói dự báo tốt hay không."
        )
        told = [_held_vi(one) for one in record.lengths] or [nothing]
        return " ".join([*told, f"Số dự báo còn chờ kết quả: {waiting}."])
    nothing = (
        f"Not enough history: periods with an outcome 0 of {NEEDED_PERIODS}; nobody can say yet how"
        " good the forecasts are."
    )
    told = [_held_en(one) for one in record.lengths] or [nothing]
    return " ".join([*told, f"Forecasts still waiting for their outcome: {waiting}."])


def _held_vi(one: Length) -> str:
    ahead = f"Dự báo trước {one.from_days}–{one.to_days} ngày"
    if (found := one.told) is None:
        return (
            f"{ahead}: chưa đủ dữ liệu quá khứ, mới có {one.periods} trong {NEEDED_PERIODS} kỳ cần"
            " thiết đã có kết quả, chưa thể nói dự báo tốt hay không."
        )
    parts = ", ".join(f"dải {band.band_pct} % đúng {_times(band)}" for band in found.coverage)
    return f"{ahead}, qua {found.periods} kỳ không trùng nhau: {parts}."


def _held_en(one: Length) -> str:
    ahead = f"Forecasts {one.from_days} to {one.to_days} days ahead"
    if (found := one.told) is None:
        return (
            f"{ahead}: not enough history, periods with an outcome {one.periods} of"
            f" {NEEDED_PERIODS}; nobody can say yet how good they are."
        )
    parts = ", ".join(f"the {band.band_pct} % band held {_times(band)}" for band in found.coverage)
    return f"{ahead}, over {found.periods} periods that do not overlap: {parts}."


def _all_or_nothing(made: Forecast, total: Totals, locale: Locale) -> str:
    """Of very few deals, or where nothing is the likeliest: a middle would mislead."""
    first, until = _day(made.first, locale), _day(made.until, locale)
    everything = spoken(total.most_minor, total.currency, locale)
    if locale == "vi":
        return (
            f"Từ {first} đến {until} có {total.deals} cơ hội đang mở: nếu chốt được tất cả là"
            f" {everything}; khả năng không thu được gì khoảng {total.nothing_pct} %."
            f" {_commits(total, locale)}"
        )
    return (
        f"From {first} to {until}, {_deals(total.deals)}: {everything} if everything closes, and"
        f" a chance of about {total.nothing_pct} % that nothing comes in."
        f" {_commits(total, locale)}"
    )


def _commits(total: Totals, locale: Locale) -> str:
    """What can be promised; an amount of 0 is no promise."""
    said = [
        (spoken(total.at_least(pct), total.currency, locale, at_least=True), pct)
        for pct in COMMITS
        if total.at_least(pct) > 0
    ]
    if locale == "vi":
        if not said:
            return "Chưa có số tiền nào đạt được với xác suất từ 80 %."
        parts = ", ".join(f"đạt hoặc vượt {amount} là ít nhất {pct} %" for amount, pct in said)
        return f"Khả năng {parts}."
    if not said:
        return "No amount is reached with 80 % certainty."
    parts = ", ".join(f"{amount} with at least {pct} %" for amount, pct in said)
    return f"It reaches or exceeds {parts} certainty."


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
                f"Từ {first} đến {until} không có cơ hội nào có giá trị và xác suất để cộng, nên"
                " không dự báo."
            )
        return (
            f"From {first} to {until} no deal has an amount and a probability to add up: nothing"
            " to forecast."
        )
    if left.hopeless:
        if locale == "vi":
            return (
                f"Từ {first} đến {until} có {left.hopeless} cơ hội đang mở dự kiến chốt, đều ghi"
                " xác suất 0 %, nên không dự báo."
            )
        return (
            f"From {first} to {until}, {_deals(left.hopeless)} expected to close, at a probability"
            " of 0 %: nothing to forecast."
        )
    if locale == "vi":
        return f"Từ {first} đến {until} không có cơ hội đang mở nào dự kiến chốt, nên không dự báo."
    return f"No open deal is expected to close from {first} to {until}: nothing to forecast."


def _notes_vi(made: Forecast) -> Iterator[str]:
    left, shock = made.left_out, made.shock
    if made.total is not None:
        yield (
            f"Mức sai chung của mọi cơ hội là giả định, vì mới có {shock.periods} trong"
            f" {NEEDED_PERIODS} kỳ dài tương đương có kết quả; các dải chỉ tốt bằng giả định đó."
            if shock.is_default
            else f"Mức sai chung của mọi cơ hội ước lượng từ {shock.periods} kỳ dài tương đương."
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
    if left.hopeless:
        yield f"{left.hopeless} cơ hội ghi xác suất 0 %: không góp gì vào dự báo."
    if left.too_large and made.total is not None:
        yield f"{left.too_large} cơ hội có giá trị quá lớn, không tính: hãy kiểm tra số 0."
    if made.certain:
        yield f"{made.certain} cơ hội ghi 100 % được tính là 99 %: chưa chốt thì chưa chắc."
    for rate in made.old_rates:
        yield (
            f"Tỷ giá 1 {rate.base} = {rate.value:f} {rate.quote} ({rate.source}) là của ngày"
            f" {_day(rate.as_of, 'vi')}, đã cũ {(made.as_of - rate.as_of).days} ngày."
        )


def _notes_en(made: Forecast) -> Iterator[str]:
    left, shock = made.left_out, made.shock
    if made.total is not None:
        yield (
            "How much all deals err together is assumed, because too few periods of similar"
            f" length have an outcome ({shock.periods} of {NEEDED_PERIODS}); the bands are as good"
            " as that assumption."
            if shock.is_default
            else f"How much all deals err together is learnt from {shock.periods} periods of"
            " similar length."
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
    if left.hopeless:
        yield f"{_deals(left.hopeless)} at a probability of 0 %: nothing in the forecast."
    if left.too_large and made.total is not None:
        yield f"{_deals(left.too_large)} too large to be added up, not counted: check the zeros."
    if made.certain:
        yield f"{_deals(made.certain)} at 100 % taken as 99 %: what is open is not certain."
    for rate in made.old_rates:
        yield (
            f"The rate 1 {rate.base} = {rate.value:f} {rate.quote} ({rate.source}) is of"
            f" {rate.as_of.isoformat()}, {counted((made.as_of - rate.as_of).days, 'day')} old."
        )


def _deals(count: int) -> str:
    return counted(count, "open deal")


def _is_few(total: Totals | None) -> bool:
    return total is not None and total.deals < FEW_DEALS


def _codes(made: Forecast) -> str:
    return ", ".join(made.left_out.currencies)


def _day(day: date, locale: Locale) -> str:
    return f"{day:%d/%m/%Y}" if locale == "vi" else day.isoformat()
