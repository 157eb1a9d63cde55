"""Tryton at work, asked over a pipe; runs in Tryton's own environment (see `make bench-peer`).

Everything goes through Tryton's public models, in process, as its own server would call them. The
first line that comes in names the companies; each later line is an operation and what it is given,
call by call, and is answered with the milliseconds each call took and how much it found.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import trytond
from trytond import backend, config

_DATABASE = "bench"
_BATCH = 500
_SHOWN = ["rec_name", "name", "code"]
_REVIEWED = [
    "number", "reference", "party.rec_name", "amount", "currency.code", "state", "start_date",
    "conversion_probability", "employee.rec_name", "description",
]  # fmt: skip


def main(directory: str) -> None:
    """Set up, say so, and answer until the pipe is closed."""
    config.set("database", "uri", "sqlite://")
    config.set("database", "path", directory)
    wanted = json.loads(sys.stdin.readline())
    from trytond.pool import Pool  # reads the configuration when it is imported
    from trytond.transaction import Transaction

    Path(directory, f"{_DATABASE}.sqlite").touch()
    database = backend.Database(_DATABASE)
    database.connect()
    with Transaction().start(_DATABASE, 0):
        database.init()
    pool = Pool(_DATABASE)
    pool.init(update=["party", "sale_opportunity"], lang=["en"], activatedeps=True)
    with Transaction().start(_DATABASE, 1) as transaction:
        context = _company(pool)
        transaction.commit()
    with Transaction().start(_DATABASE, 1, context=context) as transaction:
        deals = _load(pool, transaction, wanted)
    _answer({"version": trytond.__version__, "deals": deals})
    for line in sys.stdin:
        asked = json.loads(line)
        work = _operations(pool)[asked["do"]]

        def one_call(given: Any, work: Callable[[Any], int] = work) -> int:
            # As its server does: a transaction for each call, so none finds another's cache.
            with Transaction().start(_DATABASE, 1, context=context):
                return work(given)

        _answer(_measured(one_call, asked["given"]))


def _company(pool: Any) -> dict[str, Any]:
    """A company in dong with one employee, and the settings an opportunity needs."""
    currency = pool.get("currency.currency")(
        name="Dong", code="VND", symbol="d", digits=0, rounding=1
    )
    currency.save()
    party, person = pool.get("party.party")(name="Bench"), pool.get("party.party")(name="An")
    party.save()
    person.save()
    company = pool.get("company.company")(party=party, currency=currency)
    company.save()
    employee = pool.get("company.employee")(party=person, company=company)
    employee.save()
    return {"company": company.id, "employee": employee.id, "language": "en"}


def _load(pool: Any, transaction: Any, wanted: dict[str, Any]) -> list[int]:
    parties, opportunities = pool.get("party.party"), pool.get("sale.opportunity")
    made: list[Any] = []
    for start in range(0, len(wanted["names"]), _BATCH):
        batch = wanted["names"][start : start + _BATCH]
        made += parties.create([{"name": name, "addresses": None} for name in batch])
        transaction.commit()
        sys.stderr.write(f"tryton: {len(made):,} of {len(wanted['names']):,}\n")
    company = pool.get("company.company")(transaction.context["company"])
    opened = opportunities.create(
        [
            {
                "party": made[number % len(made)].id,
                "company": company.id,
                "currency": company.currency.id,
                "employee": transaction.context["employee"],
                "amount": 10_000_000 + number,
                "description": f"Deal {number}",
                "start_date": date(2026, 1, 1),
            }
            for number in range(wanted["deals"])
        ]
    )
    opportunities.opportunity(opened)
    transaction.commit()
    return [one.id for one in opened]


def _operations(pool: Any) -> dict[str, Callable[[Any], int]]:
    from trytond.transaction import Transaction

    parties, opportunities = pool.get("party.party"), pool.get("sale.opportunity")

    def search(domain: Sequence[Any], limit: int | None) -> int:
        found = parties.search(domain, limit=limit)
        if limit is None:
            return len(found)
        return len(json.dumps(parties.read([one.id for one in found], _SHOWN)))

    def move(id: int) -> int:
        one = opportunities(id)
        step = opportunities.lead if one.state == "opportunity" else opportunities.opportunity
        step([one])
        Transaction().commit()
        return 1

    def listed(limit: int) -> int:
        found = opportunities.search([], order=[("id", "DESC")], limit=limit)
        read = opportunities.read([one.id for one in found], _REVIEWED)
        assert len(read) == limit
        return len(json.dumps(read, default=str))

    def like(typed: str) -> str:
        return f"%{typed}%"

    return {
        "search by what the client calls": lambda typed: search(
            [("rec_name", "ilike", like(typed))], 20
        ),
        "search by name alone": lambda typed: search([("name", "ilike", like(typed))], 20),
        "hits": lambda typed: search([("rec_name", "ilike", like(typed))], None),
        "pipeline list": listed,
        "stage move": move,
    }


def _measured(work: Callable[[Any], int], given: Sequence[Any]) -> dict[str, Any]:
    times, found = [], []
    for each in given:
        begun = time.perf_counter()
        found.append(work(each))
        times.append((time.perf_counter() - begun) * 1_000)
    return {"ms": times, "found": found}


def _answer(said: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
