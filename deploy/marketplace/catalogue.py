"""What the demo marketplace sells.

The products of the worked examples are written out. Any other number is a product too, made up
from the number itself, always the same: so any link can be tried. Numbers that end in 404 are
not for sale, so that this can be tried as well.
"""

import re
from hashlib import sha256
from typing import Final, NamedTuple

SUNRISE: Final = "sunrise-store"
SHENZHEN: Final = "shenzhen-gadgets"


class Product(NamedTuple):
    """`price` in euros; `kind` chooses the drawing."""

    id: str
    title: str
    category: str
    seller_id: str
    price: str
    kind: str


CURATED: Final = (
    Product(
        "32700000001",
        "Crystal Case Cover for smartphones, transparent",
        "Beauty & Health › Cosmetic bags",
        SUNRISE,
        "2.49",
        "phone",
    ),
    Product(
        "1005001234567890",
        "Runner sneakers with famous three-stripe look",
        "Shoes › Sneakers",
        SUNRISE,
        "18.90",
        "shoe",
    ),
    Product(
        "1005002345678901",
        "USB 3.0 flash drive, 2 TB, metal",
        "Computer & Office › Storage",
        SHENZHEN,
        "6.99",
        "drive",
    ),
    Product(
        "1005003170671440",
        "Smart watch with heart-rate sensor, 1.9 inch",
        "Consumer Electronics › Wearables",
        SHENZHEN,
        "23.50",
        "watch",
    ),
    Product(
        "4000900052700",
        "Car accessory: GPS signal shield, 12 V plug",
        "Automobiles › Interior accessories",
        SHENZHEN,
        "31.00",
        "antenna",
    ),
    Product(
        "1005001560047961",
        "Portable fan heater, ceramic, from 0.99",
        "Home Appliances › Heaters",
        SUNRISE,
        "0.99",
        "heater",
    ),
    Product(
        "32787572265",
        "Winter scarf, soft wool blend",
        "Apparel › Scarves",
        SUNRISE,
        "9.20",
        "scarf",
    ),
    Product(
        "32845522857",
        "UM24C USB tester, voltage and current meter",
        "Tools › Measurement",
        SHENZHEN,
        "14.30",
        "drive",
    ),
    Product(
        "32946953374",
        "ADC unit for maker boards, 16 bit",
        "Electronic Components › Modules",
        SHENZHEN,
        "7.80",
        "board",
    ),
    Product(
        "1005003390123456",
        "Desk lamp, foldable, three colours of light",
        "Lights › Desk lamps",
        SUNRISE,
        "12.60",
        "lamp",
    ),
    Product(
        "1005009561948552",
        "Wireless earphones with charging box",
        "Consumer Electronics › Audio",
        SHENZHEN,
        "16.75",
        "earphones",
    ),
)

_CURATED: Final = {product.id: product for product in CURATED}
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,19}")
_QUALITIES: Final = ("Classic", "Compact", "Everyday", "Light", "Premium", "Travel")
_THINGS: Final = (
    ("phone cover", "Phones › Covers", "phone"),
    ("running shoes", "Shoes › Sneakers", "shoe"),
    ("flash drive, 64 GB", "Computer & Office › Storage", "drive"),
    ("wrist watch", "Watches › Wrist watches", "watch"),
    ("Wi-Fi antenna", "Computer & Office › Networking", "antenna"),
    ("room heater", "Home Appliances › Heaters", "heater"),
    ("shoulder bag", "Bags › Shoulder bags", "bag"),
    ("sensor module", "Electronic Components › Modules", "board"),
)


def find(product_id: str) -> Product | None:
    """The product of a number, or None for what is no number or ends in 404."""
    if product_id in _CURATED:
        return _CURATED[product_id]
    if not _NUMBER.fullmatch(product_id) or product_id.endswith("404"):
        return None
    digest = sha256(product_id.encode()).digest()
    thing, category, kind = _THINGS[digest[0] % len(_THINGS)]
    quality = _QUALITIES[digest[1] % len(_QUALITIES)]
    seller = (SUNRISE, SHENZHEN)[digest[2] % 2]
    price = f"{1 + digest[3] % 60}.{digest[4] % 100:02d}"
    return Product(product_id, f"{quality} {thing}", category, seller, price, kind)
