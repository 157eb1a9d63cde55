"""A signature covers the invoice and its time, holds for those bytes alone, and hides its key."""

import pickle
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from domain.einvoices.check import check
from domain.einvoices.signing import NOT_LEGAL, Signer, make_demo_key, verify
from domain.einvoices.xml import build
from domain.kernel.clock import VIETNAM
from domain.kernel.faults import Fault
from tests.einvoices.examples import SELLER, document
from tests.einvoices.signers import PASSPHRASE, files, signer

AT = datetime(2026, 11, 21, 17, 30, tzinfo=UTC)  # half past midnight of the 22nd in Hanoi
PLAIN = build(document())
DS = "{http://www.w3.org/2000/09/xmldsig#}"


@pytest.fixture(scope="module")
def signed() -> bytes:
    return signer().sign(PLAIN, AT)


def refused(work: Any) -> str:
    with pytest.raises(Fault) as caught:
        work()
    assert PASSPHRASE not in str(caught.value)
    return caught.value.code


def test_a_signature_says_who_signed_and_when_and_leaves_the_invoice_as_it_was(signed):
    report = verify(signed)

    assert (report.is_valid, report.problem) == (True, None)
    assert (report.tax_code, report.signed_at) == (SELLER.tax_code, AT.astimezone(VIETNAM))
    assert b"<SigningTime>2026-11-22T00:30:00</SigningTime>" in signed
    assert signed.split(b"<DSCKS>")[0] == PLAIN.split(b"<DSCKS>")[0]
    assert check(signed) == []


def test_the_shape_is_that_of_public_invoices(signed):
    (signature,) = etree.fromstring(signed).iterfind(f"DSCKS/NBan/{DS}Signature")
    references = signature.findall(f"{DS}SignedInfo/{DS}Reference")

    assert [one.get("URI") for one in references] == ["#data", "#SigningTime"]
    assert [one.get("Algorithm").rpartition("/")[2] for one in signature.iter()
            if one.get("Algorithm")] == [
        "REC-xml-c14n-20010315", "xmldsig-more#rsa-sha256", "xmldsig#enveloped-signature",
        "xmlenc#sha256", "xmlenc#sha256",
    ]  # fmt: skip
    subject = signature.findtext(f"{DS}KeyInfo/{DS}X509Data/{DS}X509SubjectName")
    assert subject == signer().subject


def test_a_demo_key_says_in_its_subject_that_it_is_not_legal(signed):
    assert NOT_LEGAL in signer().subject and f"MST:{SELLER.tax_code}" in signer().subject
    assert (signer().is_legal, verify(signed).is_legal) == (False, False)


def test_a_signer_shows_nothing_of_its_key_and_cannot_be_written_down():
    assert repr(signer()) == str(signer()) == f"{signer()}" == "Signer(***)"
    with pytest.raises(TypeError):
        pickle.dumps(signer())


# --- what does not hold ---


@settings(max_examples=60)
@given(place=st.integers(0, len(PLAIN) - 1), bit=st.integers(0, 7))
def test_a_bit_of_the_invoice_that_was_turned_is_found(place, bit):
    whole = bytearray(signer().sign(PLAIN, AT))
    end = whole.index(b"</DLHDon>")
    begin = whole.index(b"<DLHDon")
    whole[begin + place % (end - begin)] ^= 1 << bit

    assert not verify(bytes(whole)).is_valid


def moved(xml: bytes, change: Any) -> bytes:
    root = etree.fromstring(xml)
    change(root, root.find(f".//{DS}Signature"))
    return etree.tostring(root, encoding="UTF-8")


def _wrapped(root: Any, signature: Any) -> None:
    """The signed invoice goes out of sight, and another one stands where it is read."""
    data = root.find("DLHDon")
    other = etree.fromstring(etree.tostring(data))
    other.set("Id", "other")
    other.find(".//TgTTTBSo").text = "1"
    root.replace(data, other)
    holder = etree.SubElement(signature, f"{DS}Object")
    holder.append(data)


def _without_time(_root: Any, signature: Any) -> None:
    info = signature.find(f"{DS}SignedInfo")
    info.remove(info.findall(f"{DS}Reference")[1])


def _weaker(_root: Any, signature: Any) -> None:
    method = signature.find(f"{DS}SignedInfo/{DS}SignatureMethod")
    method.set("Algorithm", "http://www.w3.org/2000/09/xmldsig#rsa-sha1")


TAMPERED = {
    "wrapped": (_wrapped, "SIGNATURE_COVERAGE"),
    "another time": (
        lambda _, one: setattr(one.find(f".//{DS}SigningTime"), "text", "2026-11-20T00:00:00"),
        "SIGNATURE_INVALID",
    ),
    "no time covered": (_without_time, "SIGNATURE_COVERAGE"),
    "a weaker algorithm": (_weaker, "SIGNATURE_COVERAGE"),
    "no certificate": (
        lambda _, one: one.remove(one.find(f"{DS}KeyInfo")), "SIGNATURE_INCOMPLETE",
    ),
    "no signature": (lambda _, one: one.getparent().remove(one), "SIGNATURE_MISSING"),
    "another place": (
        lambda root, one: root.find("DLHDon").append(one), "SIGNATURE_MISSING",
    ),
    "an id twice": (lambda root, _: root.find("DSCKS").set("Id", "data"), "ID_REPEATED"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_changed_afterwards_does_not_hold(signed, what):
    change, problem = TAMPERED[what]

    report = verify(moved(signed, change))

    assert (report.is_valid, report.problem) == (False, problem)


def test_the_certificate_of_somebody_else_does_not_hold(signed):
    other = etree.fromstring(signer("0200784873").sign(PLAIN, AT))
    theirs = other.findtext(f".//{DS}X509Certificate")

    report = verify(
        moved(signed, lambda _, one: setattr(one.find(f".//{DS}X509Certificate"), "text", theirs))
    )

    assert (report.is_valid, report.problem) == (False, "SIGNATURE_INVALID")


@pytest.mark.parametrize("xml", [b"", b"<HDon/>", b"<!DOCTYPE x><HDon/>", PLAIN])
def test_what_carries_no_signature_is_worth_nothing(xml):
    assert not verify(xml).is_valid


# --- keys ---


def test_a_document_is_signed_once_and_only_where_its_place_is(signed):
    for xml in (signed, b"<HDon/>", b"<HDon><DSCKS><NBan/></DSCKS></HDon>", b"no xml"):
        assert refused(lambda xml=xml: signer().sign(xml, AT)) == "EINVOICE_UNREADABLE"


def test_a_key_does_not_sign_outside_its_time():
    at = datetime(2100, 1, 1, tzinfo=UTC)

    assert refused(lambda: signer().sign(PLAIN, at)) == "SIGNING_KEY_EXPIRED"


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def kept(key: Any) -> bytes:
    lock = BestAvailableEncryption(PASSPHRASE.encode())
    return pkcs12.serialize_key_and_certificates(b"x", key, None, None, lock)


def test_a_key_that_cannot_be_used_says_why_and_shows_nothing(tmp_path):
    key, passphrase = files()
    exposed = Path(shutil.copy(key, tmp_path / "exposed.p12"))
    exposed.chmod(0o640)
    told = written(tmp_path / "told", PASSPHRASE.encode(), 0o644)
    wrong = written(tmp_path / "wrong", b"something else")
    junk = written(tmp_path / "junk.p12", b"no key at all")
    huge = written(tmp_path / "huge.p12", bytes(100_000))
    elliptic = written(tmp_path / "ec.p12", kept(ec.generate_private_key(ec.SECP256R1())))
    lonely = written(tmp_path / "lonely.p12", kept(rsa.generate_private_key(65_537, 2_048)))

    assert [
        refused(lambda one=one: Signer.open(*one))
        for one in (
            (tmp_path / "nowhere.p12", passphrase), (key, tmp_path / "nowhere"),
            (exposed, passphrase), (key, told), (key, wrong), (junk, passphrase),
            (huge, passphrase), (elliptic, passphrase), (lonely, passphrase),
        )
    ] == [
        "SIGNING_KEY_MISSING", "SIGNING_KEY_MISSING", "SIGNING_KEY_EXPOSED", "SIGNING_KEY_EXPOSED",
        "SIGNING_KEY_LOCKED", "SIGNING_KEY_LOCKED", "SIGNING_KEY_LOCKED",
        "SIGNING_KEY_UNFIT", "SIGNING_KEY_UNFIT",
    ]  # fmt: skip


def test_a_new_key_is_its_owners_alone_and_takes_the_place_of_none(tmp_path):
    def make(path: Path) -> None:
        make_demo_key(path, PASSPHRASE, tax_code="0100109106", name="X")

    make(tmp_path / "new.p12")

    assert (tmp_path / "new.p12").stat().st_mode & 0o777 == 0o600
    assert refused(lambda: make(tmp_path / "new.p12")) == "SIGNING_KEY_EXISTS"
    assert refused(lambda: make(tmp_path / "no" / "new.p12")) == "SIGNING_KEY_UNWRITABLE"


def test_the_library_that_signs_is_loaded_by_the_first_signature_and_not_before():
    program = (
        "import sys, server.mcp_server, domain.einvoices.service, domain.einvoices.audit\n"
        "from domain.einvoices.signing import Signer\n"
        "sys.exit('xmlsec' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
