"""Confusables: names that read alike are one to whoever looks twice, and others are not."""

import pytest

from domain.kernel.confusables import skeleton


@pytest.mark.parametrize(
    "name",
    [
        "INTEL Việt-Nam.",
        "lntel Vietnam",  # a small L
        "Int\u0435l Vietnam",  # a Cyrillic e
        "\u0406\u039dT\u0415L VI\u0415TN\u0410\u041c",  # Cyrillic and Greek capitals
        "1nte1 V1etnam",
        "\uff29ntel Viet nam",  # full width
        "\U0001d408ntel Vietnam",  # mathematical bold
        "Intel Vietnarn",
        "In\u0301tel \u0302Vietnam",
        "Intel\u200b\u00a0Viet\u00adnam",
    ],
)
def test_a_name_and_one_that_looks_like_it_have_one_skeleton(name):
    assert skeleton(name) == skeleton("Intel Vietnam")


@pytest.mark.parametrize("name", ["Intel Vietnam 2", "Intel Thái Lan", "Dell Vietnam", ""])
def test_names_that_look_different_have_two(name):
    assert skeleton(name) != skeleton("Intel Vietnam")


def test_names_of_other_scripts_keep_their_letters():
    assert skeleton("日本電気") == "日本電気"
    assert skeleton("日本電気") != skeleton("日立製作所")
