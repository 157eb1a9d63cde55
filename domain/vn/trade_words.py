"""Trade words: which Vietnamese word stands in a company's register name for an English one?

People call `Công ty Cổ phần Dược phẩm An Khang` by its sign: An Khang Pharma. Folded; the shortest
word that stands in such names, so that longer ones are found as well.
"""

from collections.abc import Mapping
from typing import Final

IN_VIETNAMESE: Final[Mapping[str, str]] = {
    "pharma": "duoc",
    "pharmaceutical": "duoc",
    "pharmacy": "duoc",
    "medical": "y te",
    "hospital": "benh vien",
    "clinic": "phong kham",
    "tech": "cong nghe",
    "technology": "cong nghe",
    "software": "phan mem",
    "media": "truyen thong",
    "food": "thuc pham",
    "foods": "thuc pham",
    "seafood": "thuy san",
    "agriculture": "nong nghiep",
    "construction": "xay dung",
    "trading": "thuong mai",
    "service": "dich vu",
    "services": "dich vu",
    "investment": "dau tu",
    "invest": "dau tu",
    "transport": "van tai",
    "travel": "du lich",
    "tourism": "du lich",
    "hotel": "khach san",
    "education": "giao duc",
    "steel": "thep",
    "plastic": "nhua",
    "plastics": "nhua",
    "paper": "giay",
    "wood": "go",
    "furniture": "noi that",
    "interior": "noi that",
    "garment": "may",
    "textile": "det",
    "electric": "dien",
    "electronics": "dien tu",
    "energy": "nang luong",
    "chemical": "hoa chat",
    "chemicals": "hoa chat",
    "mechanical": "co khi",
    "bank": "ngan hang",
    "securities": "chung khoan",
    "insurance": "bao hiem",
    "land": "bat dong san",
    "realty": "bat dong san",
}


def in_vietnamese(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words, those of a trade as registers write them."""
    return tuple(part for word in words for part in IN_VIETNAMESE.get(word, word).split())
