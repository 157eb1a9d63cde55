"""Token files: does a token open its agent's door, whatever editor saved it?"""

import pytest

from domain.kernel.faults import Fault
from server.token_files import read_token
from tests.server.process import a_token, environment, served

TOKEN = "cyb_01HZK7AAAAAAAAAAAAAAAAAAAA_01HZK7AAAAAAAAAAAAAAAAAAAB_" + "x" * 43
SAVED = {
    "plain": lambda token: token.encode(),
    "a line": lambda token: f"{token}\n".encode(),
    "a line of Windows": lambda token: f"{token}\r\n".encode(),
    "blanks": lambda token: f" \t{token} \n\n".encode(),
    "a mark": lambda token: token.encode("utf-8-sig"),
    "a mark and a line": lambda token: f"{token}\r\n".encode("utf-8-sig"),
    "UTF-16": lambda token: f"{token}\r\n".encode("utf-16"),
    "UTF-16 the other way": lambda token: b"\xfe\xff" + token.encode("utf-16-be"),
    "quotation marks": lambda token: f'"{token}"\n'.encode(),
    "other marks": lambda token: f"'{token}'".encode("utf-8-sig"),
}
NO_TEXT = [b"\xff\xfe\x00", b"\x00" * 9, b"\xe9" * 40, b"x" * 2_000, "tøken".encode(), b"a\nb"]


@pytest.mark.parametrize("way", SAVED)
def test_a_token_is_read_however_an_editor_saved_it(way, tmp_path):
    file = tmp_path / "agent.token"
    file.write_bytes(SAVED[way](TOKEN))

    assert read_token(file) == TOKEN


@pytest.mark.parametrize("content", NO_TEXT)
def test_a_file_that_is_no_plain_text_is_called_so(content, tmp_path):
    file = tmp_path / "agent.token"
    file.write_bytes(content)

    with pytest.raises(Fault, match="no plain text") as caught:
        read_token(file)

    assert caught.value.code == "TOKEN_INVALID"


def test_a_file_that_is_not_there_is_not_called_a_revoked_token(tmp_path):
    with pytest.raises(Fault, match="not there") as caught:
        read_token(tmp_path / "nowhere")

    assert caught.value.code == "TOKEN_INVALID"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("way", ["a mark and a line", "UTF-16", "quotation marks"])
async def test_the_server_serves_whoever_has_such_a_file(shared, way, tmp_path):
    file = tmp_path / "agent.token"
    file.write_bytes(SAVED[way](await a_token(shared)))

    async with served(environment(shared, CYBEROS_AGENT_TOKEN_FILE=str(file))) as peer:
        await peer.hello()
        who = await peer.request("tools/call", {"name": "whoami"})

    assert who["result"]["isError"] is False
