"""Signed bytes: what exactly does a person sign when they say yes or no, or what became of it?

A signature covers a domain prefix and the RFC 8785 bytes of a small object of texts and small
numbers. The object is rebuilt from the stored rows whenever a signature is checked; what a caller
sends or what was stored beside the signature is only ever compared with it, never believed. Action
id and nonce make a signature good for one action, `deploy` and `tenant` for one place, and
`audit_head` makes each one evidence of the audit chain as it stood.

Nothing here needs a key: domain/identity/keys.py signs and verifies.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.approvals.facts import Decision, Outcome
from domain.kernel import signed_fields as fields
from domain.kernel.canonical import Json, canonical, sha256_hex
from domain.kernel.clock import stamp
from domain.kernel.faults import Fault, Kind

APPROVAL = b"cyberos.approval.v1\x00"
BATCH = b"cyberos.approval-batch.v1\x00"
RESOLUTION = b"cyberos.resolution.v1\x00"
DISPATCH_RESOLUTION = b"cyberos.dispatch-resolution.v1\x00"

MOST_IN_BATCH = 20  # more lines than people read before they sign

_PREFIXES: Mapping[str | int, bytes] = {
    "approval": APPROVAL,
    "resolution": RESOLUTION,
    "dispatch-resolution": DISPATCH_RESOLUTION,
}

Payload = Mapping[str, str | int]

_PRINCIPAL = re.compile(r"(agent|human):[A-Za-z0-9_.\-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a signature is bound to: the columns of a pending action that never change.

    `requester` is `agent:<id>` or `human:<id>`; `obo` is the person an agent acts for and empty
    when a person asked directly. `terms` is the digest of who must sign how surely, of the amounts
    and effects that are shown, and of the agent's words. Digests are 64 hexadecimal digits.
    """

    deploy: str
    tenant: str
    action: str
    tool: str
    tool_schema_sha256: str
    args_sha256: str
    entity_type: str
    entity_id: str
    entity_version: int
    entity_digest: str
    summary_sha256: str
    terms: str
    policy_version: int
    policy_sha256: str
    requester: str
    obo: str
    expires_at: datetime
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A vote: approve or reject, in which slot, with which key, at which audit head."""

    decision: Decision
    slot: str
    person: str
    key: str
    audit_head_seq: int
    audit_head_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedResolution:
    """A resolution: what one person says became of an action that was sent, and how they know."""

    outcome: Outcome
    reason_sha256: str
    person: str
    key: str
    audit_head_seq: int
    audit_head_hash: str


def payload(bound: Bound, choice: Choice) -> Payload:
    """The object whose bytes are signed for an approval or a rejection.

    Raises `APPROVAL_MISMATCH` when a column holds what could never have been signed, for example
    a separator inside an id: two different rows must not give the same bytes.
    """
    return {
        **_bound(bound, "approval"),
        "audit_head": _head(choice.audit_head_seq, choice.audit_head_hash),
        "decision": choice.decision.value,
        "slot": fields.line(choice.slot, "slot"),
        "person": fields.line(choice.person, "person"),
        "key": fields.line(choice.key, "key"),
    }


def resolution(bound: Bound, finding: SignedResolution) -> Payload:
    """The object whose bytes are signed by who says what became of an action; as `payload`."""
    return {**_bound(bound, "resolution"), **_found(finding)}


def dispatch_resolution(
    bound: Bound, finding: SignedResolution, dispatch_id: str, kind: str
) -> Payload:
    """The object whose bytes are signed by who says what became of something that followed it."""
    return {
        **_bound(bound, "dispatch-resolution"),
        **_found(finding),
        "dispatch": fields.line(dispatch_id, "dispatch"),
        "kind": fields.line(kind, "kind"),
    }


def _found(finding: SignedResolution) -> dict[str, str | int]:
    return {
        "audit_head": _head(finding.audit_head_seq, finding.audit_head_hash),
        "outcome": finding.outcome.value,
        "reason_sha256": fields.digest(finding.reason_sha256, "reason_sha256"),
        "person": fields.line(finding.person, "person"),
        "key": fields.line(finding.key, "key"),
    }


def _bound(bound: Bound, kind: str) -> dict[str, str | int]:
    return {
        "v": 1,
        "typ": kind,
        "deploy": fields.line(bound.deploy, "deploy"),
        "tenant": fields.line(bound.tenant, "tenant"),
        "action": fields.line(bound.action, "action"),
        "tool": fields.line(bound.tool, "tool"),
        "tool_schema_sha256": fields.digest(bound.tool_schema_sha256, "tool_schema_sha256"),
        "args_sha256": fields.digest(bound.args_sha256, "args_sha256"),
        "entity": _entity(bound),
        "entity_digest": fields.digest(bound.entity_digest, "entity_digest"),
        "summary_sha256": fields.digest(bound.summary_sha256, "summary_sha256"),
        "terms": fields.digest(bound.terms, "terms"),
        "policy": f"{fields.count(bound.policy_version, 'policy_version')}"
        f":{fields.digest(bound.policy_sha256, 'policy_sha256')}",
        "requester": fields.shaped(_PRINCIPAL, bound.requester, "requester"),
        "obo": fields.line(bound.obo, "obo") if bound.obo else "",
        "expires_at": stamp(bound.expires_at),
        "nonce": fields.line(bound.nonce, "nonce"),
    }


def _head(seq: int, hash: str) -> str:
    return f"{fields.count(seq, 'audit_head_seq')}:{fields.digest(hash, 'audit_head_hash')}"


def tbs(approval: Payload) -> bytes:
    """The bytes to be signed: prefix, a zero byte, RFC 8785. Raises like `canonical`."""
    return _PREFIXES[approval["typ"]] + canonical(approval)


def batch_items(items: Sequence[bytes]) -> list[str]:
    """What stands for each of several approvals in one signature: the digest of its own bytes."""
    return [digest(own).hex() for own in items]


def batch_tbs(items: Sequence[str]) -> bytes:
    """The bytes one signature over several approvals covers.

    Raises `APPROVAL_MISMATCH` unless there are two to twenty distinct digests.
    """
    if not 2 <= len(items) <= MOST_IN_BATCH or len(set(items)) != len(items):
        raise fields.mismatch("A batch is two to twenty different approvals.")
    exact: Json = [fields.digest(item, "batch") for item in items]
    return BATCH + canonical({"v": 1, "typ": "approval-batch", "items": exact})


def in_batch(items: Sequence[str], index: int, own: bytes) -> bytes:
    """The same, when the approval with these bytes of its own stands at that place of the batch.

    Raises `APPROVAL_MISMATCH` when another stands there.
    """
    if not 0 <= index < len(items) or items[index] != digest(own).hex():
        raise fields.mismatch("The approval does not stand at this place of the batch.")
    return batch_tbs(items)


def text(approval: Payload) -> str:
    """The canonical text kept beside the signature, for whoever checks it without our code."""
    return canonical(approval).decode()


def digest(to_be_signed: bytes) -> bytes:
    """The SHA-256 of the bytes to be signed, 32 bytes: the challenge of a browser key."""
    return hashlib.sha256(to_be_signed).digest()


def check_stored(stored: str, approval: Payload) -> None:
    """Refuse unless the stored text is byte for byte that of the rebuilt object.

    One space, one reordered member or one changed value raises `APPROVAL_MISMATCH`, even where the
    meaning would be the same.
    """
    if stored != text(approval):
        raise fields.mismatch("The stored approval is not the one this action asks for.")


def check_shown(shown: Bound, approval: Payload) -> None:
    """Refuse unless what is about to be signed is bound to what was shown, down to every digest."""
    if {**approval, **_bound(shown, str(approval["typ"]))} != approval:
        raise Fault(
            "APPROVAL_MISMATCH",
            Kind.CONFLICT,
            "The action is no longer the one that was shown.",
            "open it again with `cyberos show` and decide anew.",
        )


def arguments_text(arguments: Json) -> tuple[str, str]:
    """The arguments as an action stores them: canonical text, and its SHA-256 in hexadecimal.

    Texts must be NFC already (`canonical.normalised`). Raises `INVALID_ARGS` like `canonical`.
    """
    exact = canonical(arguments)
    return exact.decode(), sha256_hex(exact)


def check_arguments(args_json: str, args_sha256: str) -> None:
    """Refuse with `ARGS_TAMPERED` unless the digest is that of the stored arguments."""
    if sha256_hex(args_json.encode(errors="surrogatepass")) != args_sha256:
        raise tampered("The stored arguments are not those the digest was made of.")


def tampered(why: str) -> Fault:
    """The fault of an action that is not as it was proposed."""
    return Fault(
        "ARGS_TAMPERED",
        Kind.CONFLICT,
        why,
        "This action cannot run. Tell an administrator, and propose it again.",
    )


def dedupe_key(tool: str, args_sha256: str, entity_version: int) -> str:
    """The name two equal proposals share, so that a looping agent gets its old action back.

    64 hexadecimal digits, the same for the same tool, arguments and version of the entity.
    """
    return sha256_hex(canonical([tool, args_sha256, entity_version]))


def _entity(bound: Bound) -> str:
    kind = fields.name(bound.entity_type, "entity_type")
    name = fields.name(bound.entity_id, "entity_id")
    return f"{kind}:{name}@{fields.count(bound.entity_version, 'entity_version')}"
