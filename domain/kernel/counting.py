"""Counted nouns: how is a number of things said in English? Vietnamese words stay as they are."""


def counted(count: int, one: str, many: str = "") -> str:
    """The number and its noun: `1 deal`, `2 deals`, `12,000 deals`, `0 entries`.

    `many` is for what does not merely take an s; both may go on with the words that follow.
    """
    return f"1 {one}" if count == 1 else f"{count:,} {many or one + 's'}"
