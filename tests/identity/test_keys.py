"""Approver keys: is an approver key hard to open, impossible
to imitate, and silent about its passphrase?

The ids at the end of some names are those of the attacks that a case stands for.
"""

import logging
import os
import pickle
import stat
import subprocess
import time
import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from domain.identity.keys import (
    KDF_ROUNDS,
    Passphrase,
    PrivateKey,
    endorse,
    generate,
    is_sound,
    key_id,
    load,
    save,
    sign,
    verify,
    verify_endorsement,
)
from domain.kernel.faults import Fault

SECRET = "bốn từ không liên quan"
WORDS = Passphrase(SECRET)
QUICK = 1  # rounds: these tests are about everything but the cost
ORDER = 2**252 + 27742317777372353535851937790883648493
PLACE = {"deploy": "production", "tenant": "t1", "person": "p1"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "approver.key"


def saved(path) -> PrivateKey:
    key = generate()
    save(key, path, WORDS, kdf_rounds=QUICK)
    return key


def fault_of(call, *arguments, **keywords) -> Fault:
    with pytest.raises(Fault) as caught:
        call(*arguments, **keywords)
    return caught.value


# --- the file ---


def test_a_saved_key_opens_with_its_passphrase_and_signs_as_before(path):
    key = saved(path)

    again = load(path, WORDS)

    assert again == key
    assert sign(again, b"x") == sign(key, b"x")


def test_the_file_is_for_its_owner_alone_and_nothing_is_left_beside_it(path):
    mask = os.umask(0)
    try:
        saved(path)
    finally:
        os.umask(mask)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_ssh_keygen_reads_the_same_public_key_from_it(path):
    key = saved(path)
    words = ["ssh-keygen", "-y", "-P", SECRET, "-f", str(path)]

    try:
        printed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("no ssh-keygen here")

    public = Ed25519PublicKey.from_public_bytes(key.public_key)
    assert printed.split()[:2] == _openssh(public).split()


def _openssh(public: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import PublicFormat

    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def test_a_key_never_takes_the_place_of_another_file(path):
    path.write_text("precious")

    assert fault_of(save, generate(), path, WORDS, kdf_rounds=QUICK).code == "KEY_EXISTS"
    assert path.read_text() == "precious"


def test_a_key_is_not_written_through_somebody_elses_link(path, tmp_path):
    path.symlink_to(tmp_path / "elsewhere")

    assert fault_of(save, generate(), path, WORDS, kdf_rounds=QUICK).code == "KEY_EXISTS"
    assert not (tmp_path / "elsewhere").exists()


def test_a_directory_that_is_not_there_is_said_so(tmp_path):
    nowhere = tmp_path / "missing" / "key"

    assert fault_of(save, generate(), nowhere, WORDS, kdf_rounds=QUICK).code == "KEY_UNWRITABLE"


def test_a_failed_write_leaves_nothing_behind(path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    assert fault_of(save, generate(), path, WORDS, kdf_rounds=QUICK).code == "KEY_UNWRITABLE"
    assert list(path.parent.iterdir()) == []


def test_a_guess_at_the_passphrase_costs_at_least_three_tenths_of_a_second(path):
    save(generate(), path, WORDS)
    assert KDF_ROUNDS >= 64

    began = time.process_time()
    fault = fault_of(load, path, Passphrase("another guess"))

    assert fault.code == "KEY_PASSPHRASE_WRONG"
    assert time.process_time() - began >= 0.3


@pytest.mark.parametrize("guess", ["", "x", SECRET + " ", SECRET.upper(), "\x00", "\ud800"])
def test_no_other_passphrase_opens_it(path, guess):
    saved(path)

    assert fault_of(load, path, Passphrase(guess)).code == "KEY_PASSPHRASE_WRONG"


def test_a_passphrase_typed_with_separate_accents_opens_the_same_file(path):
    save(generate(), path, Passphrase("Nguy\u1ec5n V\u0103n A"), kdf_rounds=QUICK)

    load(path, Passphrase("Nguye\u0302\u0303n Va\u0306n A"))


@pytest.mark.parametrize("weak", ["", "123456789"])
def test_a_short_passphrase_is_not_accepted(path, weak):
    assert fault_of(save, generate(), path, Passphrase(weak)).code == "KEY_PASSPHRASE_WEAK"
    assert not path.exists()


def test_a_file_that_is_no_protected_ed25519_key_is_unreadable(path):
    plain = Ed25519PrivateKey.generate()
    lock = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(QUICK).build(WORDS.reveal())
    whole = plain.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, lock)
    for content in (
        b"",
        b"junk",
        b"\xff" * 500,
        whole[:-80],
        whole.replace(b"OPENSSH", b"FOREIGN"),
        whole + b" " * 20_000,
        plain.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
        plain.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, lock),
    ):
        path.write_bytes(content)
        assert fault_of(load, path, WORDS).code == "KEY_UNREADABLE"


def test_a_missing_file_and_a_directory_are_unreadable(tmp_path):
    assert fault_of(load, tmp_path / "none", WORDS).code == "KEY_UNREADABLE"
    assert fault_of(load, tmp_path, WORDS).code == "KEY_UNREADABLE"


def test_neither_passphrase_nor_key_shows_itself(path, caplog):
    key = saved(path)
    guess = Passphrase("a wrong but telling guess")

    with caplog.at_level(logging.DEBUG), pytest.raises(Fault) as caught:
        load(path, guess)
    logging.getLogger("here").warning("%s %r %s", guess, guess, key)
    told = "".join(traceback.TracebackException.from_exception(
        caught.value, capture_locals=True).format())  # fmt: skip

    private = key.private.private_bytes_raw()
    for shown in (told, caplog.text, repr(guess), str(guess), f"{guess}", repr(key), str(key)):
        assert "telling" not in shown
        assert private.hex() not in shown
        assert repr(private) not in shown
    with pytest.raises(TypeError):
        pickle.dumps(guess)


# --- signatures ---


def test_a_key_is_named_after_its_public_bytes():
    key = generate()

    assert key.key_id == key_id(key.public_key)
    assert len(key.key_id) == 32
    assert key_id(b"\x00" * 32) == "66687aadf862bd776c8fc18b8e9f8e20"


def test_a_signature_known_from_rfc_8032_verifies():
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )

    assert verify(public, signature, b"\x72")
    assert not verify(public, signature, b"\x73")


def test_every_flipped_bit_voids_a_signature():
    key = generate()
    signature = sign(key, b"pay nobody")

    for bit in range(512):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not verify(key.public_key, bytes(flipped), b"pay nobody")


def test_B11_a_second_form_of_the_same_signature_is_refused():
    key = generate()
    signature = sign(key, b"x")
    scalar = int.from_bytes(signature[32:], "little")

    for wrap in range(1, 16):
        larger = scalar + wrap * ORDER
        if larger < 2**256:
            assert not verify(key.public_key, signature[:32] + larger.to_bytes(32, "little"), b"x")


@pytest.mark.parametrize("cut", [b"", b"\x00", b"\x00" * 63, b"\x00" * 65])
def test_B11_anything_that_is_not_64_bytes_is_no_signature(cut):
    key = generate()

    assert not verify(key.public_key, cut, b"x")
    assert not verify(key.public_key, sign(key, b"x") + cut, b"x") or cut == b""
    assert not verify(key.public_key[:-1], sign(key, b"x"), b"x")
    assert not verify(key.public_key + b"\x00", sign(key, b"x"), b"x")


def test_a_key_under_which_everything_verifies_is_not_accepted():
    neutral = (1).to_bytes(32, "little")
    universal = neutral + bytes(32)
    Ed25519PublicKey.from_public_bytes(neutral).verify(universal, b"any words at all")

    assert not is_sound(neutral)
    assert not verify(neutral, universal, b"any words at all")


PRIME = 2**255 - 19
CURVE = -121665 * pow(121666, -1, PRIME) % PRIME


def _points(y: int) -> list[tuple[int, int]]:
    """The points of the curve with this y, found the slow way from its equation."""
    square = (y * y - 1) * pow(CURVE * y * y + 1, -1, PRIME) % PRIME
    root = pow(square, (PRIME + 3) // 8, PRIME)
    if root * root % PRIME != square:
        root = root * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    assert root * root % PRIME == square
    return [(root, y), (-root % PRIME, y)]


def _sum(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    (x, y), (u, v) = a, b
    t = CURVE * x * u * y * v % PRIME
    return (
        (x * v + y * u) * pow(1 + t, -1, PRIME) % PRIME,
        (y * v + x * u) * pow(1 - t, -1, PRIME) % PRIME,
    )


def test_the_refused_keys_are_exactly_those_of_small_order():
    root = pow(2, (PRIME - 1) // 4, PRIME)  # a square root of -1
    small = {(0, 1), (0, PRIME - 1), (root, 0), (PRIME - root, 0)}
    for y in range(3, 40):  # clear the large part of any point: what remains has small order
        try:
            point = _points(y)[0]
        except AssertionError:
            continue
        rest = (0, 1)
        for bit in f"{ORDER:b}":
            rest = _sum(rest, rest)
            rest = _sum(rest, point) if bit == "1" else rest
        small |= {rest, (-rest[0] % PRIME, rest[1])}

    assert len(small) == 8
    for x, y in small:
        for sign_bit in (0, 1):
            assert not is_sound((y | sign_bit << 255).to_bytes(32, "little")), (x, y)
    assert all(is_sound(generate().public_key) for _ in range(20))


@pytest.mark.parametrize("y", [PRIME, PRIME + 1, PRIME + 2, 2**255 - 1])
def test_a_public_key_has_one_spelling(y):
    assert not is_sound(y.to_bytes(32, "little"))


# --- endorsements ---


def test_an_endorsement_holds_for_this_key_of_this_person_here():
    root, new = generate(), generate()
    vouched = endorse(root, public_key=new.public_key, **PLACE)

    assert verify_endorsement(root.public_key, vouched, public_key=new.public_key, **PLACE)


@pytest.mark.parametrize("field", PLACE)
def test_an_endorsement_is_worthless_elsewhere_or_for_somebody_else(field):
    root, new = generate(), generate()
    vouched = endorse(root, public_key=new.public_key, **PLACE)
    elsewhere = PLACE | {field: "x"}

    assert not verify_endorsement(root.public_key, vouched, public_key=new.public_key, **elsewhere)


def test_an_endorsement_is_worthless_for_another_key_or_from_another_endorser():
    root, new, other = generate(), generate(), generate()
    vouched = endorse(root, public_key=new.public_key, **PLACE)

    assert not verify_endorsement(root.public_key, vouched, public_key=other.public_key, **PLACE)
    assert not verify_endorsement(other.public_key, vouched, public_key=new.public_key, **PLACE)


def test_nobody_vouches_for_themselves():
    key = generate()

    assert fault_of(endorse, key, public_key=key.public_key, **PLACE).code == "KEY_UNSOUND"


def test_an_unsound_key_is_not_endorsed():
    root, unsound = generate(), (1).to_bytes(32, "little")

    assert fault_of(endorse, root, public_key=unsound, **PLACE).code == "KEY_UNSOUND"


def test_a_malformed_endorsement_is_simply_not_valid():
    root, new = generate(), generate()
    odd = PLACE | {"person": "two words"}

    assert not verify_endorsement(root.public_key, b"", public_key=new.public_key, **PLACE)
    assert not verify_endorsement(root.public_key, b"\x00" * 64, public_key=b"", **PLACE)
    assert not verify_endorsement(b"", b"\x00" * 64, public_key=new.public_key, **PLACE)
    assert not verify_endorsement(root.public_key, b"", public_key=new.public_key, **odd)
