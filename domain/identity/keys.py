"""Approver keys: how does an approver sign, how is their key kept, and is a signature theirs?

An approver key is an Ed25519 key (RFC 8032) in an OpenSSH private key file that only a passphrase
opens. The server never sees the file: it holds 32-byte public keys, each vouched for by another
approver's key or by the offline root key made at installation.

The cost of one guess is bcrypt's, measured at a few tenths of a second; a plain PKCS#8 file would
cost an attacker a millisecond.
"""

import hashlib
import os
import secrets
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from domain.identity.endorsements import endorsement
from domain.kernel.faults import Fault, Kind

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KDF_ROUNDS: Final = 96  # about one second where this was measured; 64 is the least for real keys
SHORTEST_PASSPHRASE: Final = 10
LARGEST_FILE: Final = 16_384

_PRIME = 2**255 - 19  # of the curve
_ORDER = 2**252 + 27742317777372353535851937790883648493  # of its large subgroup
# y-coordinates of the eight points of small order. Under such a "public key" one signature fits
# many messages, under the neutral point every message.
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _PRIME - 1,
        int.from_bytes(
            bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
            "little",
        ),
        int.from_bytes(
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
            "little",
        ),
    }
)


class Passphrase:
    """A passphrase on its way from the keyboard to the key file; it does not show itself.

    The text is brought to NFC, so that one Vietnamese word typed on two systems opens one file.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = unicodedata.normalize("NFC", text)

    def __repr__(self) -> str:
        return "Passphrase(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a passphrase is not written down")

    def __len__(self) -> int:
        return len(self._text)

    def reveal(self) -> bytes:
        """The bytes for the key derivation, and for nothing else."""
        return self._text.encode(errors="surrogatepass")


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that can sign, held in memory while one command runs. `public_key` is 32 bytes."""

    key_id: str
    public_key: bytes
    private: "Ed25519PrivateKey" = field(repr=False, compare=False)


def generate() -> PrivateKey:
    """A new key from the randomness of the operating system."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _approver_key(Ed25519PrivateKey.generate())


def key_id(public_key: bytes) -> str:
    """The name of a public key: the first 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:32]


def save(
    key: PrivateKey, path: Path, passphrase: Passphrase, *, kdf_rounds: int = KDF_ROUNDS
) -> None:
    """Write the key as an encrypted OpenSSH file, readable by its owner alone (0600).

    A key is never half written and never takes the place of another file. Tests lower
    `kdf_rounds`; nobody else should. Raises KEY_PASSPHRASE_WEAK below ten characters, KEY_EXISTS
    when the path is taken, KEY_UNWRITABLE when the directory refuses.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Fault(
            "KEY_PASSPHRASE_WEAK",
            Kind.INVALID,
            f"A passphrase has at least {SHORTEST_PASSPHRASE} characters.",
            "Choose a longer one; four unrelated words are good.",
        )
    lock = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(kdf_rounds)
    content = key.private.private_bytes(
        Encoding.PEM, PrivateFormat.OpenSSH, lock.build(passphrase.reveal())
    )
    try:
        _write_new(path, content)
    except FileExistsError:
        raise Fault(
            "KEY_EXISTS",
            Kind.CONFLICT,
            "There is already a file where the key should go.",
            "Choose another path; a key is never overwritten.",
        ) from None
    except OSError:
        raise _unwritable() from None


def relock(path: Path, old: Passphrase, new: Passphrase, *, kdf_rounds: int = KDF_ROUNDS) -> None:
    """Let another passphrase open a key file: whole or not at all, and the key stays the same.

    Raises what `load` and `save` raise; the file is then as it was.
    """
    key = load(path, old)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    save(key, draft, new, kdf_rounds=kdf_rounds)
    try:
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise _unwritable() from None


def load(path: Path, passphrase: Passphrase) -> PrivateKey:
    """Read a key that `save` or ssh-keygen wrote.

    Raises KEY_PASSPHRASE_WRONG, or KEY_UNREADABLE for a file that is missing, damaged, not an
    Ed25519 key in OpenSSH form, or not protected by a passphrase. Neither repeats what it read.
    """
    from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    if not len(passphrase):
        raise _wrong_passphrase()
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError:
        raise _unreadable("The key file cannot be opened.") from None
    if len(content) > LARGEST_FILE:
        raise _unreadable("The key file is far too large.")
    try:
        private = load_ssh_private_key(content, passphrase.reveal())
    except InvalidTag:
        raise _wrong_passphrase() from None
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # Deciphered with a wrong passphrase, the two check numbers of the format differ.
        if "checksum" in str(error):
            raise _wrong_passphrase() from None
        raise _unreadable("This is not a passphrase-protected OpenSSH private key.") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise _unreadable("The key is not an Ed25519 key.")
    return _approver_key(private)


def sign(key: PrivateKey, to_be_signed: bytes) -> bytes:
    """The 64-byte signature of bytes that already carry their domain prefix."""
    return key.private.sign(to_be_signed)


def verify(public_key: bytes, signature: bytes, to_be_signed: bytes) -> bool:
    """Whether the signature is that of this key over exactly these bytes; False for anything odd.

    Stricter than RFC 8032 asks: the key must be a canonical point of large order, the signature 64
    bytes with S below the group order, so that nobody can turn one signature into a second.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not is_sound(public_key) or len(signature) != 64:
        return False
    if int.from_bytes(signature[32:], "little") >= _ORDER:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, to_be_signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def is_sound(public_key: bytes) -> bool:
    """Whether a public key may be enrolled: 32 bytes, canonical, not of small order."""
    if len(public_key) != 32:
        return False
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    return y < _PRIME and y not in _SMALL_ORDER_Y


def endorse(
    endorser: PrivateKey, *, deploy: str, tenant: str, person: str, public_key: bytes
) -> bytes:
    """Vouch that this public key belongs to this person: the endorser's 64-byte signature.

    Raises KEY_UNSOUND for a public key under which signatures would prove nothing, and for the
    endorser's own: nobody vouches for themselves.
    """
    if not is_sound(public_key) or public_key == endorser.public_key:
        raise Fault(
            "KEY_UNSOUND",
            Kind.INVALID,
            "These bytes are not a public key that this key can vouch for.",
            "Make a new key, and have another approver or the root endorse it.",
        )
    statement = _statement(deploy, tenant, person, public_key, endorser.key_id)
    return sign(endorser, statement)


def verify_endorsement(
    endorser_public_key: bytes,
    signature: bytes,
    *,
    deploy: str,
    tenant: str,
    person: str,
    public_key: bytes,
) -> bool:
    """Whether the endorser vouched for this key of this person, here; False for anything odd.

    The caller has made sure that the endorser is the root or an approver whose own key counts.
    """
    try:
        endorsed_by = key_id(endorser_public_key)
        statement = _statement(deploy, tenant, person, public_key, endorsed_by)
    except Fault:
        return False
    if not is_sound(public_key) or public_key == endorser_public_key:
        return False
    return verify(endorser_public_key, signature, statement)


def _statement(deploy: str, tenant: str, person: str, public_key: bytes, endorsed_by: str) -> bytes:
    return endorsement(
        deploy=deploy,
        tenant=tenant,
        person=person,
        key=key_id(public_key),
        public_key=public_key,
        endorsed_by=endorsed_by,
    )


def _approver_key(private: "Ed25519PrivateKey") -> PrivateKey:
    public = private.public_key().public_bytes_raw()
    return PrivateKey(key_id(public), public, private)


def _write_new(path: Path, content: bytes) -> None:
    """Claim the name, write beside it, then swap: no half file, no overwriting, no open moment."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # a system that has no such thing to sync
        return
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable() -> Fault:
    return Fault(
        "KEY_UNWRITABLE",
        Kind.INVALID,
        "The key file cannot be written there.",
        "Check that the directory exists and that you may write to it.",
    )


def _unreadable(why: str) -> Fault:
    return Fault(
        "KEY_UNREADABLE",
        Kind.INVALID,
        why,
        "Give the path of the key file that was made when the key was enrolled.",
    )


def _wrong_passphrase() -> Fault:
    return Fault(
        "KEY_PASSPHRASE_WRONG",
        Kind.FORBIDDEN,
        "The passphrase does not open this key.",
        "Try again; nobody can recover a passphrase, but a new key can be enrolled.",
    )
