"""A command that comes twice under one Idempotency-Key is answered once; shared by all that answer commands."""

from uuid import NAMESPACE_OID, UUID, uuid5

from domain.errors import Refused
from handlers.outcomes import AlreadyDone, Failed, Outcome
from store.cases import Answer


def key_lock(client: str, key: str) -> UUID:
    """What two commands of a client under one key wait for, even if they are about different things."""
    return uuid5(NAMESPACE_OID, f"{client}\0{key}")


def repeated(before: Answer, fingerprint: bytes) -> Outcome:
    """The outcome for a key that was answered before: the same answer for the same content, else a refusal."""
    if before.fingerprint == fingerprint:
        return AlreadyDone(before.subject, before.version)
    return Failed(Refused("idempotency-key-reused", "同一编号已用于不同内容", "use a new key for a new command"))
