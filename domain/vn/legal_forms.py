"""Legal forms of companies: which words of a name say only what kind of company it is?

`Công ty TNHH MTV Intel Việt Nam` and `Intel Vietnam JSC` are named after the same thing. Forms are
those of the Law on Enterprises 59/2020/QH14 as registers and letterheads write and shorten them in
Vietnamese and English, with the lines of business that stand beside them.
"""

from typing import Final

from domain.kernel.folding import fold

# Folded, longest first: what stands inside a longer form is no form of its own there. No `co`
# alone: without its marks it is a word of many names.
FORMS: Final = (
    "trach nhiem huu han",
    "joint stock company",
    "limited liability company",
    "doanh nghiep tu nhan",
    "mot thanh vien",
    "hai thanh vien",
    "xuat nhap khau",
    "thuong mai",
    "va dich vu",
    "hop danh",
    "san xuat",
    "tap doan",
    "dich vu",
    "co phan",
    "cong ty",
    "corporation",
    "co ltd",
    "company",
    "limited",
    "private",
    "joint stock",
    "corp",
    "ctcp",
    "dntn",
    "tnhh",
    "cty",
    "inc",
    "jsc",
    "llc",
    "ltd",
    "mtv",
    "pte",
    "xnk",
    "cp",
    "dv",
    "sx",
    "tm",
)


def core_name(name: str) -> str:
    """A name folded and without legal forms; folded whole if nothing else is in it."""
    folded = fold(name)
    left = f" {folded} "
    for form in FORMS:
        left = left.replace(f" {form} ", "  ") if f" {form} " in left else left
    return " ".join(left.split()) or folded
