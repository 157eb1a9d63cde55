"""Mutations of the toy module: what is forgotten, and which file does a complaint then name?"""

from collections.abc import Mapping
from dataclasses import dataclass

_MODULE = "domain/parcels/module.py"
_TABLES = "domain/parcels/tables.py"
_REVISION = "domain/store/migrations/versions/v9000_parcels.py"
_POLICY = "policies/catalogue/ship.toml"
_SEND, _LIST = "tools/ship/send_parcel.py", "tools/ship/list_parcels.py"


@dataclass(frozen=True, slots=True)
class Mutation:
    """Something of one file that is left out; without `old`, the whole file.

    `names` is the file that a complaint must name, and `says` what else it must say.
    """

    file: str
    old: str = ""
    new: str = ""
    names: str = ""
    says: str = ""

    def told_by(self, complaint: str) -> bool:
        """Whether a complaint leads whoever forgot it to the file."""
        return (self.names or self.file) in complaint and self.says in complaint

    def applied(self, files: Mapping[str, str]) -> str | None:
        """The text of the file without what is left out; None for no file."""
        if not self.old:
            return None
        text = files[self.file]
        assert text.count(self.old) == 1, f"{self.file} has not once {self.old!r}"
        return text.replace(self.old, self.new)


def _line(file: str, old: str, new: str = "", *, names: str = "", says: str) -> Mutation:
    return Mutation(file, old, new, names, says)


MUTATIONS: Mapping[str, Mutation] = {
    # the descriptor
    "table": _line(
        _MODULE,
        """        ParcelTally: Stored(
            unguarded="counts, which are made again",
            grants={Role.EXECUTOR: Grant(insert=True, update=("parcels",))},
        ),
""",
        says="MODULE.tables must have ParcelTally",
    ),
    "guards": _line(
        _MODULE,
        'guards=(append_only(), needs_action("parcel.send")),',
        says="needs guards",
    ),
    "one guard": _line(
        _MODULE,
        'append_only(), needs_action("parcel.send")',
        "append_only(),",
        names="domain/parcels/tables.py and module.py",
        says="parcel_needs_send",
    ),
    "grants": _line(
        _MODULE, "            grants={Role.EXECUTOR: Grant(insert=True)},\n", says="needs grants"
    ),
    "scopes": _line(
        _MODULE,
        'scopes=("ship.read", "ship.send"),',
        names="domain/<module>/module.py",
        says="cyberos.ship.list_parcels needs the scope ship.read",
    ),
    "uses": _line(_MODULE, 'uses=("deals",),', says='add "deals" to `uses`'),
    "topics": _line(_MODULE, 'topics=("parcel.sent",),', says="name it among the topics"),
    "subscriber": _line(
        _MODULE,
        'subscribers={"parcel.sent": (Subscriber(tally.SUBSCRIBER, tally.count_one),)},',
        says="nobody names count_one",
    ),
    "nightly job": _line(
        _MODULE, "jobs=(Job(tally.JOB, tally.count_again),),", says="nobody names count_again"
    ),
    "count": _line(
        _MODULE, 'counts=(Count(("parcel_count",), queries.counts),),', says="nobody names counts"
    ),
    "timeline": _line(_MODULE, "timeline=(timeline.PARCELS,),", says="nobody names PARCELS"),
    "check of doctor": _line(_MODULE, "checks=(checks.many,),", says="nobody names many"),
    "law": _line(_MODULE, "laws=(audit.sent_by_people,),", says="nobody names sent_by_people"),
    "search": _line(
        _MODULE,
        "            searched=queries.SEARCHED,\n",
        names="domain/parcels/tables.py and module.py",
        says="parcel_search",
    ),
    "descriptor": Mutation(_MODULE, says="write domain/parcels/module.py"),
    # the table
    "audit kind": _line(_TABLES, "    __audit__ = WRITTEN_ONCE\n", says="needs `__audit__`"),
    "visibility": _line(
        _TABLES,
        "class Parcel(Restricted, TenantEntity):",
        "class Parcel(TenantEntity):",
        says="Parcel refers to deal",
    ),
    # the migration
    "migration": Mutation(
        _REVISION, names="domain/parcels/tables.py and module.py", says="versions"
    ),
    "guard in the migration": _line(
        _REVISION,
        'append_only(), needs_action("parcel.send"), ',
        "append_only(), ",
        names="domain/store/migrations/versions",
        says="parcel_needs_send",
    ),
    "search in the migration": _line(
        _REVISION,
        "    make_searchable(parcel, version=1)\n",
        names="domain/store/migrations/versions",
        says="parcel_search",
    ),
    "column in the migration": _line(
        _REVISION,
        '        Column("sent_by", Code, nullable=False),\n',
        names="domain/store/migrations/versions",
        says="parcel.sent_by",
    ),
    # policy
    "policy": Mutation(_POLICY, says="declares a tool that has no row"),
    "policy row": _line(
        _POLICY,
        """[[tool]]
id = "cyberos.ship.list_parcels"
scope = "ship.read"
effect = "read"
toolset = "ship"

""",
        says=f"{_LIST} declares a tool that has no row",
    ),
    "floor": _line(
        _POLICY,
        '[[floor]]\nid = "cyberos.ship.send_parcel"\nsignatures = [["am"]]\nobo = ["am"]\n'
        'scope = "ship.send"\nassurance = 3\nttl_minutes = 240\n',
        says="has no [[floor]]",
    ),
    # tools
    "tool that reads": Mutation(_LIST, says="policy row exists"),
    "tool that asks people": Mutation(_SEND, says="policy row exists"),
    "guard that the tool opens": _line(
        _SEND, '    opens=("parcel.send",),\n', says="nothing opens the guard parcel.send"
    ),
    "what the answer is about": _line(
        "tools/ship/views.py",
        '''
    def about(self) -> About:
        """The parcel."""
        return About("parcel", self.id)
''',
        names=_SEND,
        says="needs about()",
    ),
    "step": Mutation("tools/ship/steps.py", names="tools/<namespace>/steps.py", says="{parcels}"),
    "command": _line(
        "server/cli/parcels.py", "def register(", "def registers(", says="`def register(app)`"
    ),
    # tests
    "sample": Mutation("tests/tools/ship/test_send_parcel.py", says="SAMPLES"),
    "canary": Mutation("tests/parcels/planting.py", says="PLANTERS"),
    "contract": Mutation("tools/contracts/ship_send_parcel.json", says="make publish"),
}
