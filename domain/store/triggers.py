"""Triggers of the store: an entry is the next link of the chain and moves its head, a message is
the next one, a private value can only be erased, and a series of numbers counts one by one.
"""

# ruff: noqa: S608 - what the conditions are made of stands here

from domain.store.guards import Follows, SqlRefusal

# Which events an agent may put into the chain stands among the wires, under this name.
AGENT_EVENTS = "store.agent_events"

_HEAD = "FROM audit_head h WHERE h.tenant_id = new.tenant_id"
NEXT_NUMBER = SqlRefusal(
    "next_number",
    "insert",
    "follows the last entry",
    asks=f"new.seq <> coalesce((SELECT h.seq + 1 {_HEAD}), 0)",
)
EMBEDDED_BODY = SqlRefusal(
    "own_body",
    "insert",
    "says what its bytes say",
    "json_extract(new.body, '$.tenant') IS NOT new.tenant_id"
    " OR json_extract(new.body, '$.seq') IS NOT new.seq"
    " OR json_extract(new.body, '$.at') IS NOT new.at"
    " OR json_extract(new.body, '$.event') IS NOT new.event"
    " OR json_extract(new.body, '$.object') IS NOT new.object"
    " OR json_extract(new.body, '$.action') IS NOT coalesce(new.action_id, '')",
    only="sqlite",
)
# PostgreSQL reads no JSON with a NUL in it, which the bytes of an entry may well tell of.
_BODY = (
    "(CASE WHEN strpos(new.body, '\\u0000') = 0 THEN new.body ELSE"
    " regexp_replace(new.body, '(?<!\\\\)((\\\\\\\\)*)\\\\u0000', '\\1', 'g') END)::jsonb"
)
# The format of domain/store/chain.py: a byte and a name, the hash before, the bytes of the entry.
LINKED = SqlRefusal(
    "linked",
    "insert",
    "says what its bytes say, and carries their hash",
    asks=f"EXISTS (SELECT 1 FROM jsonb_to_record({_BODY})"
    " AS e(tenant text, seq bigint, at timestamptz, event text, object text, action text)"
    " WHERE (e.tenant, e.seq, e.at, e.event, e.object, e.action) IS DISTINCT FROM"
    " (new.tenant_id::text, new.seq, new.at, new.event::text, new.object::text,"
    " coalesce(new.action_id, '')::text)) OR new.hash IS DISTINCT FROM (SELECT encode(sha256("
    r"'\x00'::bytea || convert_to('cyberos.audit.v1' || chr(10), 'UTF8') || decode(h.hash, 'hex')"
    f" || convert_to(new.body, 'UTF8')), 'hex') {_HEAD})",
    only="postgresql",
)
AGENT_SAYS = SqlRefusal(
    "agent_says",
    "insert",
    "tells of an agent only what an agent may cause",
    "pg_has_role(current_user, 'cyberos_agent', 'USAGE')",
    f"{_BODY} #>> '{{actor,t}}' IS DISTINCT FROM 'agent'"
    f" OR NOT EXISTS (SELECT 1 FROM guard_tool g WHERE g.guard = '{AGENT_EVENTS}'"
    " AND g.tool = new.event)",
    only="postgresql",
)
MOVES_HEAD = Follows(
    "moves_head",
    "UPDATE audit_head SET seq = new.seq, hash = new.hash WHERE tenant_id = new.tenant_id",
)
NEXT_MESSAGE = SqlRefusal(
    "next_message",
    "insert",
    "counts without a gap",
    asks=f"new.seq <> coalesce((SELECT h.messages + 1 {_HEAD}), 0)",
)
COUNTS_MESSAGE = Follows(
    "counts_message",
    "UPDATE audit_head SET messages = new.seq WHERE tenant_id = new.tenant_id",
)
# Entries and messages move the head themselves. Moved by hand it only gets to where they are.
_NOWHERE = (
    "new.tenant_id <> old.tenant_id OR new.messages < old.messages"
    " OR (new.messages > old.messages AND NOT EXISTS (SELECT 1 FROM outbox o"
    " WHERE o.tenant_id = new.tenant_id AND o.seq = new.messages))"
    " OR ((new.seq <> old.seq OR new.hash <> old.hash) AND (NOT EXISTS (SELECT 1 FROM audit_entry e"
    " WHERE e.tenant_id = new.tenant_id AND e.seq = new.seq AND e.hash = new.hash)"
    " OR EXISTS (SELECT 1 FROM audit_entry e WHERE e.tenant_id = new.tenant_id"
    " AND e.seq > new.seq)))"
)
_STANDS = "stands at the last entry and the last message"
EMBEDDED_HEAD = SqlRefusal("forward", "update", _STANDS, asks=_NOWHERE, only="sqlite")
# Asked of those who move it by hand: what an entry does has been judged, and asking costs more.
SERVED_HEAD = SqlRefusal(
    "forward", "update", _STANDS, "pg_trigger_depth() = 0", _NOWHERE, only="postgresql"
)
ONLY_ERASE = SqlRefusal(
    "only_erase",
    "update",
    "can only be erased",
    "new.salt IS NOT NULL OR new.body IS NOT NULL OR old.erased_at IS NOT NULL"
    " OR new.erased_at IS NULL OR new.seq <> old.seq OR new.field <> old.field"
    " OR new.tenant_id <> old.tenant_id",
)
BY_ONE = SqlRefusal(
    "by_one",
    "update",
    "counts without a gap",
    "new.last <> old.last + 1 OR new.series <> old.series OR new.tenant_id <> old.tenant_id",
)
