"""E-invoice signatures: who signed this hóa đơn, when, and is it still what they signed?

XMLDSig inside `DSCKS/NBan`: RSA with SHA-256 over inclusive C14N, one reference to the invoice
(by the Id of `DLHDon`) and one to the object that holds the time of signing. Made and verified by
xmlsec, which is loaded when the first document is signed and not before. Which algorithms the rule
in force allows was not found; these are what public sellers and the authority use.
"""

import base64
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import lxml.etree as etree

from domain.einvoices.layout import SIGNATURES
from domain.einvoices.reading import Unreadable, parse
from domain.einvoices.xml import written
from domain.kernel.clock import VIETNAM
from domain.kernel.faults import Fault, Kind

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

# What the subject of a key says that nobody outside a demo may believe.
NOT_LEGAL: Final = "DEMO - NOT A LEGAL SIGNATURE - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ"
SIGNATURE_ID: Final = "SellerSignature"
TIME_ID: Final = "SigningTime"
LARGEST_FILE: Final = 65_536
_BITS = 2_048
_DS = "http://www.w3.org/2000/09/xmldsig#"
_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_ENVELOPED = f"{_DS}enveloped-signature"
_SUBJECT_CODE = re.compile(r"MST:([0-9]{10}(?:-[0-9]{3})?|[0-9]{12})")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """What a signature is worth. `is_valid` says that everything it should cover is as signed.

    `problem` is a code when it is not. Nobody vouches for the certificate here: whether its issuer
    may issue any is a question to somebody who knows the issuers.
    """

    is_valid: bool
    problem: str | None
    subject: str | None
    tax_code: str | None
    signed_at: datetime | None
    is_legal: bool


class Signer:
    """A seller's key, open in this process. It shows its subject and never itself."""

    __slots__ = ("_certificate", "_key", "_signing_key")

    def __init__(self, key: "RSAPrivateKey", certificate: "x509.Certificate") -> None:
        self._key = key
        self._certificate = certificate
        self._signing_key: Any = None

    @classmethod
    def open(cls, key_file: Path, passphrase_file: Path) -> "Signer":
        """Open a PKCS#12 file with the passphrase that stands in a second file.

        Both are readable by their owner alone. Raises Fault SIGNING_KEY_MISSING,
        SIGNING_KEY_EXPOSED (others may read it), SIGNING_KEY_LOCKED (the passphrase does not open
        it, or it is no PKCS#12 file) and SIGNING_KEY_UNFIT (no RSA key of 2,048 bits with its own
        certificate). None of them repeats what was read.
        """
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import pkcs12

        content, passphrase = _secret(key_file), _secret(passphrase_file).rstrip(b"\r\n")
        try:
            key, certificate, _ = pkcs12.load_key_and_certificates(content, passphrase)
        except ValueError:
            raise _fault(
                "SIGNING_KEY_LOCKED",
                "The passphrase does not open the signing key, or the file is no PKCS#12 file.",
            ) from None
        if (
            not isinstance(key, RSAPrivateKey)
            or key.key_size < _BITS
            or certificate is None
            or certificate.public_key() != key.public_key()
        ):
            raise _fault(
                "SIGNING_KEY_UNFIT",
                f"The file holds no RSA key of {_BITS} bits or more with its certificate.",
            )
        return cls(key, certificate)

    def __repr__(self) -> str:
        return "Signer(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signing key is not written down")

    @property
    def subject(self) -> str:
        """Whose key it is, as the certificate says."""
        return self._certificate.subject.rfc4514_string()

    @property
    def tax_code(self) -> str | None:
        """The seller's tax code in the subject, if it names one."""
        return _tax_code(self._certificate)

    @property
    def is_legal(self) -> bool:
        """False for a key that vouches for itself, and for one of a demo."""
        return _is_legal(self._certificate)

    def sign(self, xml: bytes, at: datetime) -> bytes:
        """The document with the seller's signature in its place, as of an instant.

        Raises Fault EINVOICE_UNREADABLE for XML without such a place or with a signature in it,
        and SIGNING_KEY_EXPIRED when the certificate is not valid then.
        """
        if not _is_current(self._certificate, at):
            raise _fault("SIGNING_KEY_EXPIRED", "The certificate of the signing key is not valid.")
        root = _document(xml)
        data, place = root.find("DLHDon"), root.find(f"{SIGNATURES}/NBan")
        if data is None or not data.get("Id") or place is None or len(place):
            raise _unreadable()
        signature = self._signed(root, place, data.get("Id"), at)
        # xmlsec escapes the letters of a subject, and nothing that is signed covers it.
        signature.find(f".//{{{_DS}}}X509SubjectName").text = self.subject
        return written(root)

    def _signed(self, root: Any, place: Any, data_id: str, at: datetime) -> Any:
        import xmlsec

        signature = xmlsec.template.create(
            root, xmlsec.constants.TransformInclC14N, xmlsec.constants.TransformRsaSha256
        )
        signature.set("Id", SIGNATURE_ID)
        place.append(signature)
        sha256 = xmlsec.constants.TransformSha256
        invoice = xmlsec.template.add_reference(signature, sha256, uri=f"#{data_id}")
        xmlsec.template.add_transform(invoice, xmlsec.constants.TransformEnveloped)
        xmlsec.template.add_reference(signature, sha256, uri=f"#{TIME_ID}")
        holder = xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        xmlsec.template.x509_data_add_subject_name(holder)
        xmlsec.template.x509_data_add_certificate(holder)
        _add_time(signature, at)
        xmlsec.tree.add_ids(root, ["Id"])
        context = xmlsec.SignatureContext()
        context.key = self._for_xmlsec()
        context.sign(signature)
        return signature

    def _for_xmlsec(self) -> Any:
        """The same key as xmlsec wants it, handed over once and in memory."""
        import xmlsec
        from cryptography.hazmat.primitives import serialization as form

        if self._signing_key is None:
            key = self._key.private_bytes(
                form.Encoding.DER, form.PrivateFormat.PKCS8, form.NoEncryption()
            )
            made = xmlsec.Key.from_memory(key, xmlsec.constants.KeyDataFormatDer)
            made.load_cert_from_memory(
                self._certificate.public_bytes(form.Encoding.DER),
                xmlsec.constants.KeyDataFormatCertDer,
            )
            self._signing_key = made
        return self._signing_key


def make_demo_key(path: Path, passphrase: str, *, tax_code: str, name: str) -> None:
    """Write a PKCS#12 file with a new key that vouches for itself and says that it is not legal.

    Its certificate covers every year a demo can play in. The file is readable by its owner alone
    and takes the place of no other. Raises Fault SIGNING_KEY_EXISTS and SIGNING_KEY_UNWRITABLE.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65_537, key_size=_BITS)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.COMMON_NAME, name[:64]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, NOT_LEGAL),
            x509.NameAttribute(NameOID.USER_ID, f"MST:{tax_code}"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 12, 31, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    content = pkcs12.serialize_key_and_certificates(
        NOT_LEGAL.encode(), key, certificate, None, BestAvailableEncryption(passphrase.encode())
    )
    _write_new(path, content)


def verify(xml: bytes) -> SignatureReport:
    """What the seller's signature in a document is worth.

    Valid is one that covers exactly the invoice and its own time, with the algorithms above, by a
    key whose certificate was valid at that time.
    """
    try:
        root = parse(xml)
    except Unreadable as error:
        return _worthless(error.finding.rule)
    ids = [one.get("Id") for one in root.iter() if one.get("Id") is not None]
    if len(set(ids)) != len(ids):
        return _worthless("ID_REPEATED")
    places = root.findall(f"{SIGNATURES}/NBan")
    signatures = [one for place in places for one in place.iter(f"{{{_DS}}}Signature")]
    if len(places) != 1 or len(signatures) != 1 or signatures[0].getparent() is not places[0]:
        return _worthless("SIGNATURE_MISSING" if not signatures else "SIGNATURE_REPEATED")
    signature = signatures[0]
    certificate, at = _certificate(signature), _time(signature)
    if certificate is None or at is None:
        return _worthless("SIGNATURE_INCOMPLETE")
    problem = _problem(root, signature, certificate, at)
    subject, code = certificate.subject.rfc4514_string(), _tax_code(certificate)
    return SignatureReport(problem is None, problem, subject, code, at, _is_legal(certificate))


def _problem(root: Any, signature: Any, certificate: Any, at: datetime) -> str | None:
    data = root.findall("DLHDon")
    object_ = signature.findall(f"{{{_DS}}}Object")
    covered = [f"#{one.get('Id')}" for one in (*data, *object_)]
    if len(data) != 1 or len(object_) != 1 or _shape(signature) != _wanted(covered):
        return "SIGNATURE_COVERAGE"
    if not _holds(root, signature, certificate):
        return "SIGNATURE_INVALID"
    if not _is_current(certificate, at):
        return "SIGNATURE_EXPIRED"
    return None


def _shape(signature: Any) -> list[Any]:
    """Algorithms and references as the signature declares them, references sorted."""
    method = f"{{{_DS}}}SignedInfo/{{{_DS}}}"
    references = sorted(
        (
            one.get("URI") or "",
            [each.get("Algorithm") for each in one.iter(f"{{{_DS}}}Transform")],
            [each.get("Algorithm") for each in one.iter(f"{{{_DS}}}DigestMethod")],
        )
        for one in signature.iterfind(f"{method}Reference")
    )
    return [
        [one.get("Algorithm") for one in signature.iterfind(f"{method}CanonicalizationMethod")],
        [one.get("Algorithm") for one in signature.iterfind(f"{method}SignatureMethod")],
        references,
    ]


def _wanted(covered: list[str]) -> list[Any]:
    invoice, time = covered
    references = sorted([(invoice, [_ENVELOPED], [_SHA256]), (time, [], [_SHA256])])
    return [[_C14N], [_RSA_SHA256], references]


def _holds(root: Any, signature: Any, certificate: Any) -> bool:
    import xmlsec
    from cryptography.hazmat.primitives.serialization import Encoding

    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    try:
        context.key = xmlsec.Key.from_memory(
            certificate.public_bytes(Encoding.DER), xmlsec.constants.KeyDataFormatCertDer
        )
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True


def _certificate(signature: Any) -> "x509.Certificate | None":
    from cryptography import x509

    told = signature.findall(f"{{{_DS}}}KeyInfo/{{{_DS}}}X509Data/{{{_DS}}}X509Certificate")
    if not told:
        return None
    try:
        return x509.load_der_x509_certificate(base64.b64decode(told[0].text or ""))
    except ValueError:
        return None


def _time(signature: Any) -> datetime | None:
    told = signature.findall(f"{{{_DS}}}Object//{{{_DS}}}SigningTime")
    if len(told) != 1 or not _TIME.fullmatch(told[0].text or ""):
        return None
    try:
        return datetime.fromisoformat(told[0].text).replace(tzinfo=VIETNAM)
    except ValueError:
        return None


def _add_time(signature: Any, at: datetime) -> None:
    """The time as the clocks of Vietnam show it, without a zone, as the format has it."""
    holder = etree.SubElement(signature, f"{{{_DS}}}Object", Id=TIME_ID)
    properties = etree.SubElement(holder, f"{{{_DS}}}SignatureProperties")
    one = etree.SubElement(properties, f"{{{_DS}}}SignatureProperty", Target=f"#{SIGNATURE_ID}")
    local = at.astimezone(VIETNAM).replace(tzinfo=None)
    etree.SubElement(one, f"{{{_DS}}}SigningTime").text = local.isoformat(timespec="seconds")


def _is_current(certificate: "x509.Certificate", at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _is_legal(certificate: "x509.Certificate") -> bool:
    is_its_own = certificate.issuer == certificate.subject
    return not is_its_own and NOT_LEGAL not in certificate.subject.rfc4514_string()


def _tax_code(certificate: "x509.Certificate") -> str | None:
    """The code in the user id alone: a name may say anything."""
    from cryptography.x509.oid import NameOID

    told = certificate.subject.get_attributes_for_oid(NameOID.USER_ID)
    match = _SUBJECT_CODE.fullmatch(str(told[0].value)) if len(told) == 1 else None
    return match[1] if match else None


def _worthless(problem: str) -> SignatureReport:
    return SignatureReport(False, problem, None, None, None, False)


def _document(xml: bytes) -> Any:
    try:
        return parse(xml)
    except Unreadable:
        raise _unreadable() from None


def _unreadable() -> Fault:
    return Fault(
        "EINVOICE_UNREADABLE", Kind.INVALID, "The XML is no hóa đơn that waits for its signature."
    )


def _secret(path: Path) -> bytes:
    """What stands in a file that only its owner may read."""
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise _fault(
                    "SIGNING_KEY_EXPOSED",
                    "The signing key or its passphrase can be read by others on this machine.",
                    "Make both files readable by their owner alone: chmod 600.",
                )
            content = file.read(LARGEST_FILE + 1)
    except OSError:
        raise _fault(
            "SIGNING_KEY_MISSING", "The signing key or its passphrase cannot be read."
        ) from None
    if len(content) > LARGEST_FILE:
        raise _fault("SIGNING_KEY_LOCKED", "The file is far too large for a signing key.")
    return content


def _write_new(path: Path, content: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except FileExistsError:
        raise Fault(
            "SIGNING_KEY_EXISTS",
            Kind.CONFLICT,
            "There is already a file where the signing key should go.",
            "Choose another path; a key is never overwritten.",
        ) from None
    except OSError:
        raise Fault(
            "SIGNING_KEY_UNWRITABLE",
            Kind.INVALID,
            "The signing key cannot be written there.",
            "Check that the directory exists and that you may write to it.",
        ) from None


_HINT = "An operator sets the file and its passphrase file; no document was signed."


def _fault(code: str, message: str, hint: str = _HINT) -> Fault:
    return Fault(code, Kind.CONFLICT, message, hint)
