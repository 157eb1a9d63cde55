"""With which tool is a suggestion followed, and how is it said? In Vietnamese and in English.

Rules propose steps (domain/insight/next_actions_rules.py); here each step has its tool.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from domain.insight.next_actions_rules import NextStep, Rule, Suggestion
from domain.kernel.counting import counted
from domain.kernel.money import EXPONENTS, Locale, Money
from domain.kernel.quoting import quoted

CREATE_TASK = "cyberos.crm.create_task"
UPDATE_DEAL = "cyberos.crm.update_deal"
VALIDATE_MST = "cyberos.crm.validate_account_mst"
GENERATE_VIETQR = "cyberos.crm.generate_vietqr"

TOOLS: Mapping[NextStep, str] = {
    NextStep.CREATE_TASK: CREATE_TASK,
    NextStep.UPDATE_DEAL: UPDATE_DEAL,
    NextStep.CHECK_TAX_CODE: VALIDATE_MST,
    NextStep.ASK_TO_PAY: GENERATE_VIETQR,
}

_PLANNED_WITHIN = timedelta(days=3)
_NEW_CLOSE_WITHIN = timedelta(days=14)

# What is said of a deal ({deal} is its name in quotation marks) that has stood so for {span}.
_REASONS: Mapping[Rule, tuple[str, str]] = {
    Rule.COLLECTION_DUE: (
        "Đã thắng {deal} được {span}; nên đề nghị khách thanh toán bằng VietQR.",
        "{deal} was won {span} ago; request VietQR collection.",
    ),
    Rule.PROPOSAL_NOT_SENT: (
        "{deal} vào giai đoạn đề xuất đã {span} mà chưa ghi nhận thư nào; nên gửi đề xuất.",
        "{deal} has no e-mail since it came to the proposal stage {span} ago; send it.",
    ),
    Rule.EXPECTED_CLOSE_PAST: (
        "Ngày dự kiến chốt {deal} đã qua {span}; nên thống nhất ngày mới.",
        "The expected close of {deal} went by {span} ago; agree on a new day.",
    ),
    Rule.STAGNATION: (
        "{deal} đã {span} không có liên hệ hay bước tiến nào; nên hẹn khách trao đổi lại.",
        "Nothing has happened with {deal} for {span}; schedule a check-in.",
    ),
    Rule.TAX_CODE_MISSING: (
        "Khách hàng của {deal} chưa có mã số thuế; cần có trước khi xuất hóa đơn.",
        "The customer of {deal} has no tax code; it is needed before invoicing.",
    ),
    Rule.TAX_CODE_UNCONFIRMED: (
        "Mã số thuế của khách hàng trong {deal} chưa được xác nhận; cần tra cứu rồi mới xuất HĐ.",
        "The tax code of the customer of {deal} is not confirmed; check it before invoicing.",
    ),
    Rule.MISSING_PRIMARY_CONTACT: (
        "{deal} chưa có người liên hệ chính.",
        "{deal} has no primary contact.",
    ),
    Rule.NO_NEXT_STEP: (
        "Lần trao đổi gần nhất về {deal} cách đây {span} và chưa ghi bước tiếp theo.",
        "The last contact about {deal} was {span} ago and no next step is written down.",
    ),
}
_EFFECTS: Mapping[Rule, tuple[str, str]] = {
    Rule.COLLECTION_DUE: ("Khách có mã để chuyển khoản.", "The customer has a code to pay with."),
    Rule.PROPOSAL_NOT_SENT: ("Khách có đề xuất để quyết định.", "The customer can decide."),
    Rule.EXPECTED_CLOSE_PAST: ("Dự báo có ngày đúng.", "The forecast has a true day again."),
    Rule.STAGNATION: ("Biết cơ hội còn sống hay không.", "We know whether the deal is alive."),
    Rule.TAX_CODE_MISSING: ("Xuất được hóa đơn khi thắng.", "An invoice can be issued when won."),
    Rule.TAX_CODE_UNCONFIRMED: ("Hóa đơn không sai người mua.", "The invoice names a real buyer."),
    Rule.MISSING_PRIMARY_CONTACT: ("Biết phải gọi cho ai.", "We know whom to call."),
    Rule.NO_NEXT_STEP: ("Ai cũng biết việc kế tiếp.", "Everybody knows what comes next."),
}
_TASKS: Mapping[Rule, tuple[str, str]] = {
    Rule.COLLECTION_DUE: ("Đề nghị khách thanh toán bằng VietQR", "Request VietQR collection"),
    Rule.PROPOSAL_NOT_SENT: ("Gửi đề xuất cho khách hàng", "Send the proposal to the customer"),
    Rule.EXPECTED_CLOSE_PAST: ("Thống nhất ngày chốt mới", "Agree on a new closing day"),
    Rule.STAGNATION: ("Hẹn khách hàng trao đổi lại", "Schedule a check-in with the customer"),
    Rule.TAX_CODE_MISSING: ("Hỏi mã số thuế của khách hàng", "Ask the customer for the tax code"),
    Rule.TAX_CODE_UNCONFIRMED: ("Tra cứu mã số thuế của khách hàng", "Check the tax code"),
    Rule.MISSING_PRIMARY_CONTACT: ("Xác định người liên hệ chính", "Name the primary contact"),
    Rule.NO_NEXT_STEP: ("Thống nhất bước tiếp theo", "Agree on the next step"),
}


def tool_of(one: Suggestion) -> str:
    """The canonical id of the tool that a suggestion proposes."""
    return TOOLS[one.step]


def arguments_of(one: Suggestion, on: date, locale: Locale) -> dict[str, Any]:
    """The arguments with which the proposed tool is to be called, as they are."""
    return _ARGUMENTS[tool_of(one)](one, on, locale)


def reason_of(one: Suggestion, locale: Locale) -> str:
    """Why, in a sentence; the name of the deal is a quotation."""
    span = f"{one.days} ngày" if locale == "vi" else counted(one.days, "day")
    sentence = _said(_REASONS[one.rule], locale)
    if one.days == 0:
        sentence = sentence.replace("{span} ago", "today").replace("được {span}", "hôm nay")
    return sentence.format(deal=quoted(one.deal.name), span=span)


def effect_of(one: Suggestion, locale: Locale) -> str:
    """What will be better afterwards."""
    return _said(_EFFECTS[one.rule], locale)


def stake_of(one: Suggestion, locale: Locale) -> str:
    """How much is at stake."""
    if one.deal.currency not in EXPONENTS:
        return f"{one.stake_minor} {one.deal.currency}"
    return Money(one.stake_minor, one.deal.currency).text(locale)


def _task(one: Suggestion, on: date, locale: Locale) -> dict[str, Any]:
    return {
        "title": _said(_TASKS[one.rule], locale),
        "due": (on + _PLANNED_WITHIN).isoformat(),
        "deal_id": one.deal.id,
        "proposal_id": one.id,
    }


def _update(one: Suggestion, on: date, _locale: Locale) -> dict[str, Any]:
    if one.rule is Rule.MISSING_PRIMARY_CONTACT:
        return {"deal_id": one.deal.id, "primary_contact_id": one.contact_id}
    later = (on + _NEW_CLOSE_WITHIN).isoformat()
    return {"deal_id": one.deal.id, "expected_close_date": later}


def _validate(one: Suggestion, _on: date, _locale: Locale) -> dict[str, Any]:
    return {"id": one.deal.account_id}


def _collect(one: Suggestion, _on: date, _locale: Locale) -> dict[str, Any]:
    return {"deal_id": one.deal.id}


_ARGUMENTS: Mapping[str, Callable[[Suggestion, date, Locale], dict[str, Any]]] = {
    CREATE_TASK: _task,
    UPDATE_DEAL: _update,
    VALIDATE_MST: _validate,
    GENERATE_VIETQR: _collect,
}


def _said(words: tuple[str, str], locale: Locale) -> str:
    vietnamese, english = words
    return vietnamese if locale == "vi" else english
