"""Hostile archives: does an archive that somebody made with bad intent leave nothing behind?"""

import gzip
import hashlib
import io
import json
import tarfile

import pytest

from tests.cli.archives import another, everything


def packed(*headers, files=None, manifest=None):
    """An archive made by hand: a manifest, then members as (TarInfo or name, content)."""
    listed = [
        {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in (files or {"cyberos.db": b"x" * 600}).items()
    ]
    first = manifest or json.dumps({"format": "cyberos.backup.v1", "files": listed}).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for header, data in [("manifest.json", first), *headers]:
            info = header if isinstance(header, tarfile.TarInfo) else tarfile.TarInfo(header)
            info.size = len(data) if data is not None else info.size
            tar.addfile(info, io.BytesIO(data or b""))
    return buffer.getvalue()


def special(kind, name="cyberos.db", **more):
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in more.items():
        setattr(info, key, value)
    return info


def negative():
    """A size that makes a reader which adds it up go backwards for ever."""
    content = bytearray(packed(("cyberos.db", b"x" * 600)))
    place = content.index(b"cyberos.db\0")
    content[place + 124 : place + 136] = b"\xff" * 12
    content[place + 148 : place + 156] = b" " * 8
    checksum = sum(content[place : place + 512])
    content[place + 148 : place + 156] = f"{checksum:06o}\0 ".encode()
    return bytes(content)


DATA = b"x" * 600
HOSTILE = {
    "M-traversal": packed(("../evil", DATA), files={"../evil": DATA, "cyberos.db": DATA}),
    "M-absolute": packed(("/evil", DATA), files={"/evil": DATA, "cyberos.db": DATA}),
    "dots inside": packed(files={"keys/../../x": DATA, "cyberos.db": DATA}),
    "hidden file": packed(files={"keys/.ssh": DATA, "cyberos.db": DATA}),
    "elsewhere": packed(files={"etc/passwd": DATA, "cyberos.db": DATA}),
    "backslash": packed(files={"keys\\x": DATA, "cyberos.db": DATA}),
    "symbolic link": packed((special(tarfile.SYMTYPE, linkname="/etc/passwd"), None)),
    "hard link": packed((special(tarfile.LNKTYPE, linkname="manifest.json"), None)),
    "device": packed((special(tarfile.CHRTYPE, devmajor=1, devminor=5), None)),
    "pipe": packed((special(tarfile.FIFOTYPE), None)),
    "folder": packed((special(tarfile.DIRTYPE, name="keys"), None)),
    "extended header": packed(
        (special(tarfile.REGTYPE, pax_headers={"comment": "x" * 5000}), DATA)
    ),
    "long name": packed(("keys/" + "a" * 120, DATA), files={"cyberos.db": DATA}),
    "longer than promised": packed(("cyberos.db", DATA * 2)),
    "shorter than promised": packed(("cyberos.db", DATA[:10])),
    "other content": packed(("cyberos.db", b"y" * 600)),
    "not promised": packed(("cyberos.db", DATA), ("trust.json", b"{}")),
    "twice": packed(("cyberos.db", DATA), ("cyberos.db", DATA)),
    "missing": packed(),
    "no database": packed(("trust.json", b"{}"), files={"trust.json": b"{}"}),
    "negative size": negative(),
    "no manifest": packed(manifest=b"{}"),
    "another format": packed(manifest=b'{"format":"cyberos.backup.v2","files":[]}'),
    "deep manifest": packed(manifest=b"[" * 100_000),
    "manifest of sizes": packed(
        manifest=b'{"format":"cyberos.backup.v1","files":[{"name":"cyberos.db","size":-1,'
        b'"sha256":""}]}'
    ),
    "a name twice": packed(
        manifest=json.dumps(
            {
                "format": "cyberos.backup.v1",
                "files": [{"name": "cyberos.db", "size": 1, "sha256": ""}] * 2,
            }
        ).encode()
    ),
    "cut": packed(("cyberos.db", DATA))[:1500],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(empty, tmp_path, name):
    file = tmp_path / "hostile.tar.gz"
    file.write_bytes(gzip.compress(HOSTILE[name]))

    fault = empty.fault("restore", str(file))

    assert fault["code"] == "BACKUP_INVALID"
    assert everything(empty.data_dir) == {}
    assert {path.name for path in tmp_path.iterdir()} <= {"hostile.tar.gz", "data"}


def test_a_hostile_archive_that_claims_to_fill_the_disk_is_not_begun(empty, tmp_path):
    file = tmp_path / "bomb.tar.gz"
    listed = [{"name": "cyberos.db", "size": 2**60, "sha256": ""}]
    manifest = json.dumps({"format": "cyberos.backup.v1", "files": listed}).encode()
    file.write_bytes(gzip.compress(packed(manifest=manifest)))

    assert empty.fault("restore", str(file))["code"] == "STORAGE_FULL"


def test_a_hostile_archive_that_unpacks_without_end_is_read_no_further_than_promised(
    empty, tmp_path
):
    file = tmp_path / "bomb.tar.gz"
    content = packed(("cyberos.db", DATA)).rstrip(b"\0")
    with gzip.open(file, "wb") as stream:
        stream.write(content + bytes(-len(content) % 512))
        for _ in range(64):
            stream.write(bytes([1]) * 2**20)

    assert empty.fault("restore", str(file))["code"] == "BACKUP_INVALID"


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_a_backup_with_one_wrong_byte_is_refused(saved, tmp_path, capsys, place):
    there = another(tmp_path, capsys)
    content = bytearray(saved.read_bytes())
    content[len(content) * place // 100 + 20] ^= 0x55
    (tmp_path / "bad.tar.gz").write_bytes(content)

    ended = there.run("restore", str(tmp_path / "bad.tar.gz"), "--json")

    assert ended.code in (2, 6)
    assert everything(there.data_dir) == {}
