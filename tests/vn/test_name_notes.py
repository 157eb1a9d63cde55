"""Notes, degrees and clans beside a name: is nobody greeted by them?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.vn.names import address_as, read_name

# What was typed, the family name, and how a letter begins.
GREETINGS = (
    ("Trần Thị Lan (Chị)", "Trần", "Chị Lan"),
    ("Lê Thị Hoa (kế toán)", "Lê", "Chị Hoa"),
    ("Trần Thị Lan(kho", "Trần", "Chị Lan"),
    ("Nguyễn Văn Hùng - Kế toán trưởng", "Nguyễn", "Anh Hùng"),
    ("Nguyễn Minh Tuấn – Giám đốc", "Nguyễn", "Anh Tuấn"),
    ("Nguyen Van Hung - Ke toan truong", "Nguyen", "Anh Hung"),
    ("Nguyễn Văn Hùng Giám đốc", "Nguyễn", "Anh Hùng"),
    ("Phạm Nhật Minh, CEO", "Phạm", "Anh/Chị Minh"),
    ("Anh Hùng (Kế toán)", "", "Anh Hùng"),
    ("Đỗ Quang Minh, Giám đốc", "Đỗ", "Anh Minh"),
    ("Trần Minh Quân [VIP]", "Trần", "Anh/Chị Quân"),
    ("[VIP] Trần Minh Quân", "Trần", "Anh/Chị Quân"),
    ("#VIP Trần Minh Quân", "Trần", "Anh/Chị Quân"),
    ("Võ Anh Tuấn | Sales", "Võ", "Anh Tuấn"),
    ("Mai Văn Chung, PhD", "Mai", "Anh Chung"),
    ("Mai Văn Chung PhD", "Mai", "Anh Chung"),
    ("Lý Hoàng Nam / 0903", "Lý", "Anh Nam"),
    ("Lý Hoàng Nam/Sales", "Lý", "Anh Nam"),
    ("Lý Hoàng Nam 0903 123 456", "Lý", "Anh Nam"),
    ("Lý Hoàng Nam nam@x.example", "Lý", "Anh Nam"),
    ("Lan Anh/ Sales", "Lan", "Anh/Chị Anh"),
    ("Kế toán - Nguyễn Thị Lan", "Nguyễn", "Chị Lan"),
    ("Họ tên: Nguyễn Thị Lan", "Nguyễn", "Chị Lan"),
    ("TS. Nguyễn Văn Nam", "Nguyễn", "Anh Nam"),
    ("TS Nguyễn Văn Nam", "Nguyễn", "Anh Nam"),
    ("PGS.TS. Lê Minh Tuấn", "Lê", "Anh Tuấn"),
    ("GS.TS.Nguyễn Văn Nam", "Nguyễn", "Anh Nam"),
    ("ThS. Lê Minh", "Lê", "Anh/Chị Minh"),
    ("Th.S Lê Minh", "Lê", "Anh/Chị Minh"),
    ("LS. Trương Thị Hòa", "Trương", "Chị Hòa"),
    ("Luật sư Nguyễn Văn Hậu", "Nguyễn", "Anh Hậu"),
    ("BS CKII Lê Văn An", "Lê", "Anh An"),
    ("Giám đốc Nguyễn Văn Tèo", "Nguyễn", "Anh Tèo"),
    ("Phó Tổng Giám đốc Lê Văn Nam", "Lê", "Anh Nam"),
    ("Thầy Minh", "", "Anh Minh"),
    ("Ông TS. Nguyễn Hà", "Nguyễn", "Anh Hà"),
    ("Trần Minh Anh (Chị)", "Trần", "Chị Anh"),
    ("Anh/Chị Minh Anh", "Minh", "Anh/Chị Anh"),
    ("(Lan)", "", "Anh/Chị Lan"),
    ("Giám đốc", "", "Anh/Chị Giám đốc"),
    # The own name first, the clan last.
    ("H'Hen Niê", "Niê", "Chị H'Hen"),
    ("H’Hen Niê", "Niê", "Chị H’Hen"),
    ("H'Linh Mlô", "Mlô", "Chị H'Linh"),
    ("H'Mai Êban", "Êban", "Chị H'Mai"),
    ("Y Moan Ênuôl", "Ênuôl", "Anh Y Moan"),
    ("Y Thanh Kdăm", "Kdăm", "Anh Y Thanh"),
    ("Y Sơn Byă", "Byă", "Anh Y Sơn"),
    ("Y Phương Ayŭn", "Ayŭn", "Anh Y Phương"),
    ("Y Thắng Niê Kdăm", "Niê Kdăm", "Anh Y Thắng"),
    ("TS. H'Linh Mlô (kế toán)", "Mlô", "Chị H'Linh"),
    ("Ksor Kơk", "Ksor", "Anh/Chị Kơk"),
    ("K'Brơi", "", "Anh/Chị K'Brơi"),
    ("Y Vân", "Y", "Anh/Chị Vân"),
    # Family names of two words, and those that only look like one.
    ("Âu Dương Minh", "Âu Dương", "Anh/Chị Minh"),
    ("Hoàng Phủ Minh", "Hoàng Phủ", "Anh/Chị Minh"),
    ("Hoàng Phú Minh", "Hoàng", "Anh Minh"),
    ("Rơ Chăm Bình", "Rơ Chăm", "Anh/Chị Bình"),
    ("Jean-Pierre Dupont", "Jean-Pierre", "Anh/Chị Dupont"),
)
PEOPLE = (("Nguyễn Văn Hùng", "Anh Hùng"), ("Trần Thị Lan", "Chị Lan"), ("Lê Minh", "Anh/Chị Minh"))
NOTES = ("kế toán", "Giám đốc", "VIP", "Sales", "0903 123 456", "Phòng KD", "PhD", "chi nhánh 2")
BESIDE = ("{} ({})", "{}({})", "{} [{}]", "{} - {}", "{} – {}", "{}, {}", "{} | {}", "{} / {}")
DEGREES = (
    "TS.",
    "PGS.TS.",
    "GS.TS",
    "ThS",
    "BS.",
    "LS",
    "KS.",
    "Dr.",
    "Luật sư",
    "Kỹ sư",
    "Bác sĩ",
)


@pytest.mark.parametrize(("typed", "family", "greeting"), GREETINGS)
def test_a_person_is_greeted_by_the_name_alone(typed, family, greeting):
    reading = read_name(typed)

    assert (reading.family, address_as(reading.salutation, reading.given)) == (family, greeting)


@given(st.sampled_from(PEOPLE), st.sampled_from(NOTES), st.sampled_from(BESIDE))
def test_whatever_note_stands_beside_a_name_the_greeting_is_the_same(person, note, beside):
    reading = read_name(beside.format(person[0], note))

    assert address_as(reading.salutation, reading.given) == person[1]


@given(st.sampled_from(PEOPLE), st.lists(st.sampled_from(DEGREES), min_size=1, max_size=3))
def test_whatever_degrees_stand_before_a_name_it_is_read_as_without(person, degrees):
    assert read_name(" ".join([*degrees, person[0]])) == read_name(person[0])


async def test_a_contact_keeps_what_was_typed_and_is_greeted_by_the_name(world):
    account = await world.ok("crm_create_account", name="Công ty Chào", account_type="llc")
    made = await world.ok(
        "crm_create_contact", account_id=account["id"], display_name="TS. Lê Thị Hoa (kế toán)"
    )

    assert made["greeting"] == "Chị Hoa"
    assert made["display_name"] == "TS. Lê Thị Hoa (kế toán)"
    assert made["last_name"] == "Lê Thị"
