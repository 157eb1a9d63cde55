"""Steps that hints may name, and the tools of this namespace that take them."""

STEPS = {
    "add_bank_account": "admin_add_bank_account",
}
