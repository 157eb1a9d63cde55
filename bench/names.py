"""Name model: where do its weights come from, and how often is it wrong?

`python -m bench.names build` writes domain/vn/data/name_weights.json anew from
fixtures/vn/given_names.json, the same bytes on every machine. `python -m bench.names` prints the
measurements that docs/vietnam.md reports, as JSON.
"""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any

from domain.kernel.folding import plain_letters
from domain.vn.name_model import marked_key, plain_key
from domain.vn.names import SURE_PERCENT, read_name

ROOT = Path(__file__).parents[1]
TRAINING = ROOT / "fixtures" / "vn" / "given_names.json"
EVALUATION = ROOT / "fixtures" / "vn" / "public_names.json"
WEIGHTS = ROOT / "domain" / "vn" / "data" / "name_weights.json"
PARTS = 5  # of the cross-validation

# A word never met in one of the genders is taken to be met 3 times in 10,000 there. Chosen by
# cross-validation on the training data (likelihood of the genders left out; 0.5, 1 and 2 were
# worse in both spellings).
_UNSEEN = Decimal("0.0003")
# Middle words that say the gender by convention, whatever follows; the training data are given
# names and leave them out. A bare VAN may be Văn, a man, or Vân, more often a woman.
_CONVENTIONS = {"thị": -7000, "văn": 7000}
_PLAIN_CONVENTIONS = {"thi": -7000, "van": 2500}
_EXACT = Context(prec=28, rounding=ROUND_HALF_EVEN)

Row = tuple[str, str, bool]  # the middle word, the given word, a man's name


def main() -> int:
    """Measure and print, or build."""
    if sys.argv[1:] == ["build"]:
        WEIGHTS.write_text(rendered(weights(training_rows())), encoding="utf-8")
        return 0
    report = {
        "sure_percent": SURE_PERCENT,
        "public_names": measured(evaluation_names()),
        "public_names_plain_upper_case": measured(
            (plain_letters(name).upper(), male) for name, male in evaluation_names()
        ),
        "public_names_without_thi_and_van": measured(
            row for row in evaluation_names() if not {"Thị", "Văn"} & set(row[0].split()[1:-1])
        ),
        "cross_validation": cross_validated(marked_key),
        "cross_validation_without_marks": cross_validated(plain_key),
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0


def training_rows() -> list[Row]:
    """The given names of the training data, each once for each gender it is given to."""
    content = json.loads(TRAINING.read_bytes())
    return [
        (middle, given, gender == "male")
        for gender in ("male", "female")
        for middle, given_names in content[gender].items()
        for given in given_names.split()
    ]


def evaluation_names() -> list[tuple[str, bool]]:
    """The full names of the evaluation set, and whether they are men's."""
    content = json.loads(EVALUATION.read_bytes())
    return [(name, gender == "male") for gender in ("male", "female") for name in content[gender]]


def weights(rows: Iterable[Row]) -> dict[str, Any]:
    """The content of the data file; a pure function of the rows."""
    rows = list(rows)
    return {
        "middle": _log_odds((marked_key(row[0]), row[2]) for row in rows) | _keyed(_CONVENTIONS),
        "given": _log_odds((marked_key(row[1]), row[2]) for row in rows),
        "plain_middle": _log_odds((plain_key(row[0]), row[2]) for row in rows) | _PLAIN_CONVENTIONS,
        "plain_given": _log_odds((plain_key(row[1]), row[2]) for row in rows),
        "percents": [_score_of(percent) for percent in range(50, 100)],
    }


def rendered(content: Mapping[str, Any]) -> str:
    """The data file: sorted, one table to a line, so that a change can be read."""
    about = "Log-odds of the name model in thousandths; made by bench/names.py. See SOURCES.md."
    return json.dumps({"about": about, **content}, ensure_ascii=False, sort_keys=True) + "\n"


def measured(names: Iterable[tuple[str, bool]]) -> dict[str, int]:
    """How many names, answered (with a gender), and wrong ones among them."""
    counts = {"names": 0, "answered": 0, "wrong": 0}
    for name, male in names:
        reading = read_name(name)
        counts["names"] += 1
        counts["answered"] += reading.gender is not None
        counts["wrong"] += reading.gender == ("female" if male else "male")
    return _with_rates(counts)


def cross_validated(key: Callable[[str], str]) -> dict[str, int]:
    """The same on given names of the training data that were left out, by whole name."""
    rows = training_rows()
    kind = "" if key is marked_key else "plain_"
    counts = {"names": 0, "answered": 0, "wrong": 0}
    sure = _score_of(SURE_PERCENT)
    for part in range(PARTS):
        table = weights(row for row in rows if _part(row) != part)
        for middle, given, male in (row for row in rows if _part(row) == part):
            score = table[f"{kind}middle"].get(key(middle), 0)
            score += table[f"{kind}given"].get(key(given), 0)
            counts["names"] += 1
            counts["answered"] += abs(score) >= sure
            counts["wrong"] += abs(score) >= sure and (score > 0) != male
    return _with_rates(counts)


def _part(row: Row) -> int:
    return hashlib.sha256(f"{row[0]} {row[1]}".encode()).digest()[0] % PARTS


def _with_rates(counts: dict[str, int]) -> dict[str, int]:
    answered = max(1, counts["answered"])
    return counts | {
        "coverage_per_mille": 1000 * counts["answered"] // max(1, counts["names"]),
        "wrong_of_answered_per_mille": -(-1000 * counts["wrong"] // answered),
    }


def _log_odds(words: Iterable[tuple[str, bool]]) -> dict[str, int]:
    met = Counter(words)
    men = sum(count for (_, male), count in met.items() if male)
    women = sum(met.values()) - men
    return {
        word: _thousandths(
            _EXACT.divide(
                Decimal(met[word, True]) / men + _UNSEEN,
                Decimal(met[word, False]) / women + _UNSEEN,
            )
        )
        for word in sorted({word for word, _ in met})
    }


def _thousandths(odds: Decimal) -> int:
    return int((1000 * _EXACT.ln(odds)).to_integral_value(ROUND_HALF_EVEN))


def _score_of(percent: int) -> int:
    odds = _EXACT.divide(Decimal(percent), Decimal(100 - percent))
    return int((1000 * _EXACT.ln(odds)).to_integral_value(ROUND_CEILING))


def _keyed(conventions: Mapping[str, int]) -> dict[str, int]:
    return {marked_key(word): weight for word, weight in conventions.items()}


if __name__ == "__main__":
    sys.exit(main())
