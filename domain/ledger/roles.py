"""Account roles: what is an account for? Rules name roles, and never the number of an account.

Which number a role has is a matter of the chart that the company keeps (chart.py). Roles that only
modules to come will post to are named here already, so that every chart has a number for them.
"""

from enum import StrEnum


class Role(StrEnum):
    """What an account is for. The value is stored in journal lines and never changes."""

    # receivables and money
    RECEIVABLE = "receivable"
    ADVANCES = "advances"  # what customers paid before they were billed; not revalued
    BANK = "bank"
    CLEARING = "clearing"  # money on its way, such as at a payment service provider
    # revenue and what belongs to it
    REVENUE = "revenue"
    DEFERRED_REVENUE = "deferred_revenue"  # billed, and not performed yet
    OUTPUT_VAT = "output_vat"
    ROUNDING = "rounding"  # what a receipt differs from its invoice within the tolerance
    FX_GAIN = "fx_gain"
    FX_LOSS = "fx_loss"
    # stock and production
    INVENTORY = "inventory"
    RECEIVED_NOT_BILLED = "received_not_billed"
    GOODS_IN_TRANSIT = "goods_in_transit"
    COGS = "cogs"
    PRICE_DIFFERENCE = "price_difference"
    INVENTORY_GAIN = "inventory_gain"
    INVENTORY_LOSS = "inventory_loss"
    WORK_IN_PROGRESS = "work_in_progress"
    PRODUCTION_VARIANCE = "production_variance"
    # purchasing
    INPUT_VAT = "input_vat"
    PAYABLE = "payable"
    SUPPLIER_ADVANCE = "supplier_advance"
    # people
    PAYROLL_EXPENSE = "payroll_expense"
    PAYROLL_PAYABLE = "payroll_payable"
    SOCIAL_INSURANCE_PAYABLE = "social_insurance_payable"
    HEALTH_INSURANCE_PAYABLE = "health_insurance_payable"
    UNEMPLOYMENT_INSURANCE_PAYABLE = "unemployment_insurance_payable"
    UNION_PAYABLE = "union_payable"
    PIT_PAYABLE = "pit_payable"
    EMPLOYEE_ADVANCE = "employee_advance"
