"""Pipeline board for people: how does it stand? `cyberos board`, as text or as a picture."""

from pathlib import Path

import typer

from domain.deals import board as boards
from domain.fx.snapshot import snapshot
from domain.identity import queries as identity
from domain.kernel.faults import Fault, Kind
from domain.kernel.money import Locale
from domain.store.engine import Role
from domain.store.visibility import Viewer
from domain.tasks import board as tasks
from policies.gate.redaction import clean
from server.cli.board_picture import drawn
from server.cli.context import looking, opened, perform, the_company
from server.cli.render import answer, say
from tools.crm.pipeline_board import BoardView, board_view

MOST_CARDS = 6  # of one stage; the picture says how many more there are

TENANT = typer.Option(None, "--tenant", help="Code of the tenant, if there are several.")
PIPELINE = typer.Option("sales", "--pipeline", help="Id or code of the pipeline.")
LANG = typer.Option(None, "--lang", help="vi or en; the company's own if unset.")
SVG = typer.Option(None, "--svg", help="Draw it into this file instead.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add `cyberos board`."""
    app.command("board")(board)


def board(
    pipeline: str = PIPELINE,
    svg: Path | None = SVG,
    lang: str | None = LANG,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Show a pipeline stage by stage. Private deals are left out: a picture is for everybody."""
    if lang not in {None, "vi", "en"}:
        raise Fault("USAGE", Kind.INVALID, "The language is vi or en.", "use --lang en.")
    language, view = perform(lambda: _view(pipeline, lang, tenant))
    if svg is not None:
        _draw(svg, drawn(view, language))
    if as_json:
        answer({"board": clean(view.model_dump(mode="json", exclude_none=True))})
    else:
        say(clean(view.overview()) if svg is None else f"The board is drawn in {svg}.")


def _draw(svg: Path, picture: str) -> None:
    try:
        svg.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise Fault(
            "FILE_UNWRITABLE",
            Kind.INVALID,
            "The picture cannot be written there.",
            "name a file in a directory that exists.",
        ) from error


async def _view(pipeline: str, lang: str | None, tenant: str | None) -> tuple[Locale, BoardView]:
    async with opened(Role.INBOX) as context:
        company = await the_company(context, tenant)
        language: Locale = "vi" if (lang or company.locale) == "vi" else "en"
        async with looking(context, company) as tx:
            spaces = tuple(one.id for one in await identity.workspaces(tx))
            everybody = Viewer("", spaces)
            found = await boards.board(tx, everybody, pipeline, cards=MOST_CARDS)
            due = await tasks.due(tx, everybody, found, zone=company.zone)
            today = tx.at.astimezone(company.zone).date()
            rates = await snapshot(tx, today)
            return language, board_view(found, due, language, tx.at, today, rates)
