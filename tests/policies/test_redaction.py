"""Redaction: is what leaves the system clean, and does the
quick look never miss what the slow finds?
"""

import json

from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.text import clean_outgoing, is_ordinary_json
from policies.gate.redaction import clean, has_untrusted


@given(st.text())
def test_the_quick_look_says_yes_only_where_there_is_nothing_to_clean(text):
    encoded = json.dumps({"name": text}, ensure_ascii=False).encode(errors="surrogatepass")

    if is_ordinary_json(encoded):
        assert clean_outgoing(text) == text


def test_vietnamese_names_pass_the_quick_look():
    name = "Công ty TNHH Đại Dương – Ưng Hoàng Phúc ỹ Ặ".replace("–", "-")

    assert is_ordinary_json(json.dumps({"name": name}, ensure_ascii=False).encode())


def test_G03_hidden_text_is_taken_out_of_every_string_wherever_it_stands():
    dirty = {"a": ["x\u202ey", {"b": "z\u200b", "c": 1}], "d": None, "e": "\U000e0041k\x00"}

    assert clean(dirty) == {"a": ["xy", {"b": "z", "c": 1}], "d": None, "e": "k"}


def test_untrusted_input_is_noticed_at_any_depth():
    assert has_untrusted({"a": [{"b": {"untrusted": True, "text": "x"}}]})
    assert has_untrusted({"untrusted_fields": ["/name"]})
    assert not has_untrusted({"untrusted_fields": [], "a": [1, "untrusted"]})
