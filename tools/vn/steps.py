"""Steps that hints may name, and the tools of this namespace that take them."""

STEPS = {
    "banks": "vn_list_banks",
}
