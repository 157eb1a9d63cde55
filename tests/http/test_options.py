"""HTTP options: does a mistake in an option end the command, rather than open a door?"""

import pytest

from server.http.options import read_options


@pytest.mark.parametrize(
    "options",
    ["--readonly", "--port 99999", "--port x", "--host crm.vn", "--allow-host *", "--rate 0",
     "--allow-host a,b", "--allow-origin", "--trust-proxy everybody", "--rate 1e3"],
)  # fmt: skip
def test_an_option_that_is_wrong_ends_the_command(options, capsys):
    with pytest.raises(SystemExit) as ended:
        read_options(options.split())

    assert ended.value.code == 2
    assert "usage: cyberos http" in capsys.readouterr().err
