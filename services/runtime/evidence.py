"""Evidence files: their bytes in JetStream's object store, what is known of them beside.

An object's name is the evidence's id; its description is the `contracts.parties.Evidence` as JSON.
Objects are written once and never changed. Chunks are read one by one, as fast as the reader takes
them, so that no file is ever whole in memory.
"""

import hashlib
import io
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from typing import BinaryIO

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ObjectInfo, ObjectMeta
from nats.js.errors import NotFoundError as NotStored
from nats.js.object_store import (
    OBJ_CHUNKS_PRE_TEMPLATE,
    OBJ_DIGEST_TYPE,
    OBJ_STREAM_TEMPLATE,
    ObjectStore,
)

from contracts.codec import UNKNOWN_FIELDS
from contracts.parties import Evidence
from contracts.streams import EVIDENCE_BUCKET
from services.runtime.bus import UNCLEAR, Bus
from services.runtime.problems import NotFound, Unavailable
from services.runtime.sentences import gettext as _

_STREAM = OBJ_STREAM_TEMPLATE.format(bucket=EVIDENCE_BUCKET)
_AWAY = _("The store of evidence does not answer. Nothing is lost; try again in a moment.")


class Damaged(Exception):
    """The bytes read are not the bytes that were stored."""


class EvidenceStore:
    """The bucket of evidence. Every method raises Unavailable when the store does not answer."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def put(self, source: bytes | BinaryIO, evidence: Evidence) -> None:
        """Stores the bytes of a new piece of evidence, from the beginning of `source`."""
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        file.seek(0)
        try:
            await self._store().put(
                evidence.id,
                file,  # type: ignore[arg-type]  # anything with `readinto`
                ObjectMeta(name=evidence.id, description=evidence.model_dump_json()),
            )
        except (NatsError, *UNCLEAR) as error:
            raise Unavailable(_AWAY) from error

    async def info(self, evidence_id: str) -> Evidence | None:
        """What is known of a piece of evidence; None when there is none with this id."""
        stored = await self._info(evidence_id)
        return None if stored is None else _evidence(stored)

    async def get(self, evidence_id: str) -> tuple[Evidence, AsyncIterator[bytes]]:
        """What is known of a piece of evidence, and its bytes in chunks.

        Raises NotFound. The iterator raises Damaged after the last chunk when the bytes are not
        those that were stored, so that a download ends broken rather than wrong.
        """
        stored = await self._info(evidence_id)
        if stored is None:
            raise NotFound(_("There is no such file."))
        return _evidence(stored), self._chunks(stored)

    def _jetstream(self) -> JetStreamContext:
        return self._bus.jetstream

    def _store(self) -> ObjectStore:
        return ObjectStore(EVIDENCE_BUCKET, _STREAM, self._jetstream())

    async def _info(self, evidence_id: str) -> ObjectInfo | None:
        try:
            return await self._store().get_info(evidence_id)
        except NotStored:
            return None
        except (NatsError, *UNCLEAR) as error:
            raise Unavailable(_AWAY) from error

    async def _chunks(self, stored: ObjectInfo) -> AsyncIterator[bytes]:
        subject = OBJ_CHUNKS_PRE_TEMPLATE.format(bucket=EVIDENCE_BUCKET, obj=stored.nuid)
        jetstream, digest, after = self._jetstream(), hashlib.sha256(), 0
        for _each in range(stored.chunks or 0):
            try:
                chunk = await jetstream.get_msg(
                    _STREAM, seq=after + 1, subject=subject, direct=True, next=True
                )
            except (NatsError, *UNCLEAR) as error:
                raise Unavailable(_AWAY) from error
            data, after = chunk.data or b"", chunk.seq or after
            digest.update(data)
            yield data
        expected = urlsafe_b64decode((stored.digest or "").removeprefix(OBJ_DIGEST_TYPE))
        if digest.digest() != expected:
            raise Damaged(stored.name)


def _evidence(stored: ObjectInfo) -> Evidence:
    return Evidence.model_validate_json(stored.description or "", extra=UNKNOWN_FIELDS)
