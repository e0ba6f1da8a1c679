"""What the demo buyers have ordered: an order for each thing that the advice can turn on.

Their dates count from when the marketplace was started, so that the advice is the same every day.
"""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from deploy.marketplace import catalogue

_DAY: Final = timedelta(days=1)


class Order(NamedTuple):
    """`delivered` and `protection` count from the start; None is what is not known. `dispute` is
    an id and a state, `open` or `lost`."""

    id: str
    buyer_id: str
    product_id: str
    received: bool | None
    delivered: timedelta | None = None
    protection: timedelta | None = None
    dispute: tuple[str, str] | None = None
    started_at: datetime | None = None

    @property
    def protection_until(self) -> datetime | None:
        return self._moment(self.protection)

    @property
    def delivered_at(self) -> datetime | None:
        return self._moment(self.delivered)

    def _moment(self, span: timedelta | None) -> datetime | None:
        return None if span is None or self.started_at is None else self.started_at + span

    def told(self) -> dict[str, Any]:
        """The order as the API answers it."""
        product = catalogue.find(self.product_id)
        return {
            "id": self.id,
            "product_id": self.product_id,
            "seller_id": product.seller_id if product else None,
            "received": self.received,
            "delivered_at": _iso(self.delivered_at),
            "protection_until": _iso(self.protection_until),
            "dispute": dict(zip(("id", "state"), self.dispute, strict=True))
            if self.dispute
            else None,
        }


SCARF, SNEAKERS, LAMP = "32787572265", "1005001234567890", "1005003390123456"
TESTER, EARPHONES, ADC = "32845522857", "1005009561948552", "32946953374"

ORDERS: Final = (
    # Rule 2: not received, protected. Rule 3: received, protected. Rule 6: running out.
    Order("8001001", "ivan", SCARF, False, protection=3 * _DAY),
    Order("8001002", "ivan", SNEAKERS, True, delivered=-5 * _DAY, protection=10 * _DAY),
    Order("8001003", "ivan", LAMP, False, protection=timedelta(hours=30)),
    # Rule 4: over for long. Rule 7: a dispute was lost. Rule 8: nothing is known.
    Order("8001004", "ivan", TESTER, True, delivered=-60 * _DAY, protection=-40 * _DAY),
    Order(
        "8001005",
        "ivan",
        EARPHONES,
        True,
        delivered=-20 * _DAY,
        protection=-5 * _DAY,
        dispute=("D-5521", "lost"),
    ),
    Order("8001006", "ivan", ADC, None),
    Order("8002001", "layla", SCARF, True, delivered=-9 * _DAY, protection=6 * _DAY),
    Order("8002002", "layla", LAMP, False, protection=4 * _DAY, dispute=("D-5522", "open")),
    # Over, but not for longer than 15 days.
    Order("8002003", "layla", SNEAKERS, True, delivered=-22 * _DAY, protection=-7 * _DAY),
)


def of(buyer_id: str, product_id: str | None, *, started_at: datetime) -> list[Order]:
    """The orders of a member, of one product or of all."""
    return [
        order._replace(started_at=started_at)
        for order in ORDERS
        if order.buyer_id == buyer_id and product_id in (None, order.product_id)
    ]


def find(order_id: str, *, started_at: datetime) -> Order | None:
    return next(
        (each._replace(started_at=started_at) for each in ORDERS if each.id == order_id), None
    )


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
