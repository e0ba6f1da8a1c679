"""What staff can do about a mail: send it again, and let an address receive mail again."""

from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id, new_id
from contracts.mail import AddressRestored, MailQueued, address_key
from services.notifier.bounces import is_suppressed
from services.notifier.delivery import Delivery, evolve
from services.runtime.clock import Clock
from services.runtime.events import EventStore
from services.runtime.problems import NotFound
from services.runtime.sentences import gettext as _


class Outbox:
    def __init__(self, store: EventStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def again(self, mail_id: str, *, by: str, nonce: str) -> str:
        """Queues the same words to the same reader once more, and returns the new mail's id.

        It is a mail of its own, with a Message-ID of its own: whoever deleted the first one finds
        it. The same `nonce` sends it once. Where the address was suppressed it is restored, for
        whoever sends again believes that it can be reached. Raises NotFound.
        """
        history = await self._store.read(Aggregate(kind="mail", id=mail_id))
        first = next((fact for fact in history.facts if isinstance(fact, MailQueued)), None)
        if first is None:
            raise NotFound(_("There is no such mail."))
        now = self._clock()
        again_id = derived_id("again", mail_id, nonce)
        mail = first.model_copy(update={"mail_id": again_id, "again": mail_id, "queued_at": now})
        meta = Meta(
            id=again_id, time=now, actor=by, correlation=history.messages[0].meta.correlation
        )
        await self.restore(first.to_address, by=by)
        await self._store.handle(
            Aggregate(kind="mail", id=again_id),
            initial=Delivery(),
            evolve=evolve,
            decide=lambda delivery: (mail,) if delivery.mail is None else (),
            meta=meta,
        )
        return again_id

    async def restore(self, address: str, *, by: str) -> None:
        """Mail may go to the address again; nothing where it may already."""
        now = self._clock()
        await self._store.handle(
            Aggregate(kind="reader", id=address_key(address)),
            initial=False,
            evolve=is_suppressed,
            decide=lambda suppressed: (
                (AddressRestored(address=address, by=by, at=now),) if suppressed else ()
            ),
            meta=Meta(id=new_id(), time=now, actor=by, correlation=new_id()),
        )
