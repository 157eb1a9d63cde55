"""A letter is bytes that say exactly what was meant, always the same, and nothing more."""

import email
import email.policy
import hashlib
import re
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import text
from domain.kernel.faults import Fault
from domain.mailing import addresses
from domain.mailing.mime import MOST_RECIPIENTS, mime
from domain.mailing.port import Attachment, Letter

AT = datetime(2026, 5, 4, 9, 30, 15, 999, tzinfo=timezone(timedelta(hours=7)))
PDF = Attachment("INV-2026-04-001.pdf", "application/pdf", b"%PDF-1.7\r\n" * 40)


def letter(**more):
    plain = {
        "message_id": "01JABC",
        "sender": "Công ty Sao Biển <ar@saobien.example>",
        "to": ("hoa@daiduong.example",),
        "subject": "Hóa đơn INV-2026-04-001",
        "text": "Kính gửi anh Hòa,\n\nXem tệp kèm theo.\n",
        "attachments": (PDF,),
    }
    return Letter(**{**plain, **more})


def parsed(content):
    return email.message_from_bytes(content, policy=email.policy.default)


def name_in(content, header):
    raw = email.message_from_bytes(content)[header]
    return str(make_header(decode_header(parseaddr(raw)[0])))


def test_the_same_letter_is_always_the_same_bytes():
    assert mime(letter(), AT) == mime(letter(), AT.astimezone(UTC))
    digest = "a81a6ced9faee88bcc1830592862ad4faa5da38ea049a018338db72e2dd375b2"
    assert hashlib.sha256(mime(letter(), AT)).hexdigest() == digest


def test_it_is_seven_bits_in_short_lines_that_end_in_crlf():
    content = mime(letter(subject="ố" * 250, attachments=(PDF, PDF)), AT)

    assert content.isascii() and not re.search(rb"(?<!\r)\n|\r(?!\n)", content)
    assert max(map(len, content.split(b"\r\n"))) <= 78


def test_a_mail_program_reads_what_was_written():
    read = parsed(mime(letter(), AT))

    (attached,) = read.iter_attachments()
    assert (read["Subject"], read["Message-ID"]) == (
        "Hóa đơn INV-2026-04-001",
        "<01JABC@saobien.example>",
    )
    assert read["Date"].datetime == AT.replace(microsecond=0)
    assert read.get_body().get_content() == "Kính gửi anh Hòa,\r\n\r\nXem tệp kèm theo."
    assert attached.get_content() == PDF.content and attached.get_filename() == PDF.name
    assert parsed(mime(letter(attachments=()), AT)).get_content_type() == "text/plain"


def _kept(value):
    try:
        return text.line(value, 110)
    except ValueError:
        return None


LINES = st.one_of(
    st.text(max_size=110),
    st.text('aàảạđ =?_,"<>@:;.()\\ QB', min_size=1, max_size=110),
).map(_kept)


@given(LINES.filter(bool), LINES.filter(bool), LINES.filter(bool))
def test_every_name_subject_and_text_comes_back(name, subject, file):
    file = _kept(re.sub(r'[/\\:*?"<>|]', "-", file)) or "x"
    attachment = Attachment(file, "application/pdf", b"1")
    to = (f"{name} <c@d.example>", "e@f.example")
    sender = f"{name} <a@b.example>"
    written = letter(sender=sender, to=to, subject=subject, text=subject, attachments=(attachment,))

    content = mime(written, AT)

    read = parsed(content)
    assert set(read.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type")
    }
    assert read["Subject"] == subject and name_in(content, "From") == name
    assert [one.addr_spec for one in read["To"].addresses] == ["c@d.example", "e@f.example"]
    assert read.get_body().get_content().replace("\r\n", "\n") == subject
    assert [one.get_filename() for one in read.iter_attachments()] == [file]


INJECTED = "x\r\nBcc: all@evil.example"


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": INJECTED},
        {"subject": "x\nBcc: y@z.example"},
        {"subject": "x\u2028Bcc: y@z.example"},
        {"subject": ""},
        {"subject": "x" * 251},
        {"sender": f"{INJECTED} <a@b.example>"},
        {"sender": "a@b.example\r\nBcc: c@d.example"},
        {"to": (f"{INJECTED} <a@b.example>",)},
        {"to": ("a@b.example, c@d.example",)},
        {"to": ()},
        {"to": ("a@b.example",) * (MOST_RECIPIENTS + 1)},
        {"message_id": "x>\r\nBcc: y@z.example"},
        {"message_id": "a@b"},
        {"message_id": ""},
        {"text": "\x00"},
        {"text": "\ud800"},
        {"attachments": (Attachment(INJECTED, "application/pdf", b""),)},
        {"attachments": (Attachment("../x.pdf", "application/pdf", b""),)},
        {"attachments": (Attachment("x", "application/pdf\r\nX: y", b""),)},
        {"attachments": (Attachment("x", "multipart/mixed", b""),)},
        {"attachments": (Attachment("x", "message/rfc822", b""),)},
        {"attachments": (Attachment("x", "pdf", b""),)},
    ],
)
def test_what_would_be_another_header_or_part_is_refused(wrong):
    with pytest.raises(Fault) as caught:
        mime(letter(**wrong), AT)

    assert caught.value.code in ("LETTER_INVALID", "ADDRESS_INVALID")
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "name", "bare"),
    [
        ("a@b.example", "", "a@b.example"),
        (" a.b+c@d-e.example ", "", "a.b+c@d-e.example"),
        ("Trần <a@b.example>", "Trần", "a@b.example"),
        ('Công ty "A <B>" <a@b.example>', 'Công ty "A <B>"', "a@b.example"),
        ("<a@b.example>", "", "a@b.example"),
    ],
)
def test_an_address_has_a_name_and_what_stands_on_the_envelope(typed, name, bare):
    assert addresses.parse(typed) == (name, bare)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a",
        "@b",
        "a@",
        "a@b@c",
        "a b@c.example",
        "a..b@c.example",
        "á@b.example",
        "a@bá.example",
        "a@-b.example",
        "<a@b.example> x",
        "a\n@b.example",
        "a@[127.0.0.1]",
        f"{'a' * 65}@b.example",
        f"a@{'b.' * 130}example",
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(Fault) as caught:
        addresses.bare(typed)

    assert caught.value.code == "ADDRESS_INVALID"
