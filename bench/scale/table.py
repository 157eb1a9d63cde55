"""Scale tables: the report as Markdown, a table for each database, an operation to a line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_MARKS = {True: "yes", False: "**no**", "inconclusive": "cannot tell"}


def markdown(report: Mapping[str, Any]) -> str:
    """All tables, with a line about the machine before them."""
    return "\n".join([_machine(report), *_tables(report), *_forecast(report)]) + "\n"


def _machine(report: Mapping[str, Any]) -> str:
    versions = [f"{TITLES[name]} {said}" for name, said in sorted(report["versions"].items())]
    return (
        f"{report['processors']} processors ({report['machine']}), Python {report['python']},"
        f" {', '.join(versions)}; `fdatasync` of 4 KiB {report['fdatasync_ms']} ms, a million"
        f" additions in plain Python {report['pure_python_loop_ms']} ms."
    )


def _tables(report: Mapping[str, Any]) -> Iterator[str]:
    sizes: Sequence[int] = report["sizes"]
    for backend in dict.fromkeys(figure["backend"] for figure in report["figures"]):
        heads = [f"{size:,}" for size in sizes]
        yield f"\n### {TITLES[backend]}\n"
        yield f"| operation | {' | '.join(heads)} | grows as | limit, ms | kept |"
        yield f"|---|{'---|' * len(sizes)}---|---|---|"
        for growth in report["growth"]:
            if growth["backend"] == backend:
                yield _line(growth, [_at(report, growth, size) for size in sizes])


def _at(report: Mapping[str, Any], growth: Mapping[str, Any], size: int) -> Mapping[str, Any]:
    wanted = (growth["backend"], growth["operation"], size)
    return next(
        figure
        for figure in report["figures"]
        if (figure["backend"], figure["operation"], figure["accounts"]) == wanted
    )


def _line(growth: Mapping[str, Any], figures: Sequence[Mapping[str, Any]]) -> str:
    cells = [f"{one['p50_ms']:.2f} / {one['p95_ms']:.2f} ({one['ratio']:.1f})" for one in figures]
    largest = figures[-1]
    limit = f"{largest['limit_ms']}" if "limit_ms" in largest else ""
    kept = _MARKS[largest["ok"]] if "ok" in largest else ""
    power = "" if growth["exponent"] is None else f"n^{growth['exponent']:.2f}"
    return f"| {growth['operation']} | {' | '.join(cells)} | {power} | {limit} | {kept} |"


def _forecast(report: Mapping[str, Any]) -> Iterator[str]:
    yield "\n### Forecast\n"
    yield "| | ms | limit, ms | kept |\n|---|---|---|---|"
    for name, figure in report["forecast"].items():
        kept = _MARKS[figure["ok"]]
        yield f"| {name.removesuffix('_ms')} | {figure['value']} | {figure['limit']} | {kept} |"
