"""An operator's own policy table begins as the shipped one, in one file."""

from policies.gate import floor


def test_the_table_that_is_shown_can_be_used_as_a_file_of_ones_own(empty, tmp_path):
    file = tmp_path / "policy.toml"

    shown = empty.run("policy")
    file.write_text(shown.out, encoding="utf-8")

    assert (shown.code, shown.err) == (0, "")
    assert floor.load_checked(file).sha256 == floor.load_checked().sha256
    assert empty.ok("policy")["policy"] == shown.out
