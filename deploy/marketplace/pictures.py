"""Product pictures, drawn: one shape per kind of thing, one colour per product."""

from hashlib import sha256
from typing import Final

from deploy.marketplace.catalogue import Product

_SHAPES: Final = {
    "phone": '<rect x="128" y="60" width="144" height="280" rx="28" class="b"/>'
    '<rect x="144" y="80" width="112" height="240" rx="14" class="l"/>'
    '<circle cx="168" cy="106" r="13" class="d"/><circle cx="200" cy="106" r="13" class="d"/>',
    "shoe": '<path d="M70 190c40 14 70 10 96-30l22-6c14 50 60 76 128 84 22 4 26 30 20 46H78'
    'c-18 0-22-60-8-94z" class="b"/>'
    '<rect x="64" y="278" width="276" height="26" rx="13" class="l"/>'
    '<path d="M176 196l34-14M196 218l34-14M218 236l32-14" class="s"/>',
    "drive": '<rect x="150" y="120" width="100" height="210" rx="16" class="b"/>'
    '<rect x="164" y="58" width="72" height="66" rx="6" class="l"/>'
    '<rect x="178" y="76" width="14" height="22" class="d"/>'
    '<rect x="208" y="76" width="14" height="22" class="d"/>'
    '<circle cx="200" cy="296" r="10" class="l"/>',
    "watch": '<rect x="160" y="50" width="80" height="300" rx="20" class="d"/>'
    '<rect x="118" y="118" width="164" height="164" rx="40" class="b"/>'
    '<rect x="138" y="138" width="124" height="124" rx="26" class="l"/>'
    '<path d="M200 162v40l30 18" class="s"/>',
    "antenna": '<rect x="110" y="250" width="180" height="80" rx="18" class="b"/>'
    '<rect x="146" y="80" width="14" height="172" rx="7" class="d"/>'
    '<rect x="240" y="80" width="14" height="172" rx="7" class="d"/>'
    '<circle cx="150" cy="290" r="9" class="l"/><circle cx="182" cy="290" r="9" class="l"/>'
    '<path d="M178 110q22-18 44 0M168 88q32-28 64 0" class="s"/>',
    "heater": '<rect x="110" y="80" width="180" height="220" rx="30" class="b"/>'
    '<circle cx="200" cy="180" r="66" class="l"/>'
    '<path d="M174 214c-14-30 16-40 8-72 30 16 22 40 20 50 10-4 14-14 14-20 20 30 0 56-16 56'
    '-12 0-20-4-26-14z" class="d"/>'
    '<rect x="140" y="300" width="120" height="22" rx="11" class="d"/>',
    "lamp": '<path d="M214 92l-74 92 66 92" class="s"/>'
    '<path d="M196 58l92 74c10 8 10 22-2 28l-40 6-62-50 2-42c0-14 2-22 10-16z" class="b"/>'
    '<path d="M184 116l62 50c-14 22-34 24-52 10s-20-36-10-60z" class="l"/>'
    '<circle cx="140" cy="184" r="13" class="d"/><circle cx="206" cy="276" r="13" class="d"/>'
    '<rect x="140" y="284" width="132" height="34" rx="17" class="b"/>',
    "scarf": '<path d="M120 130c0-86 160-86 160 0 0 60-40 84-80 84s-80-24-80-84z" class="b"/>'
    '<ellipse cx="200" cy="128" rx="46" ry="36" class="l"/>'
    '<path d="M168 196l-26 120h58l8-112zM214 200l22 92h52l-36-108z" class="b"/>'
    '<path d="M150 282h52M147 298h54M226 258h50M230 274h50" class="s"/>'
    '<path d="M148 318v16M166 318v16M184 318v16M244 294v16M262 294v16M280 294v16" class="s"/>',
    "earphones": '<rect x="100" y="210" width="200" height="120" rx="52" class="b"/>'
    '<path d="M102 256h196" class="s"/><circle cx="200" cy="290" r="8" class="l"/>'
    '<path d="M140 84a34 34 0 0 1 34 34v74a12 12 0 0 1-24 0v-42a34 34 0 0 1-10-66z" class="d"/>'
    '<path d="M260 84a34 34 0 0 0-34 34v74a12 12 0 0 0 24 0v-42a34 34 0 0 0 10-66z" class="d"/>'
    '<circle cx="134" cy="116" r="12" class="l"/><circle cx="266" cy="116" r="12" class="l"/>',
    "bag": '<path d="M150 160c0-90 100-90 100 0" class="s"/>'
    '<path d="M104 152h192l20 160c2 16-8 26-24 26H108c-16 0-26-10-24-26z" class="b"/>'
    '<path d="M100 186h200l4 34H96z" class="l"/>',
    "board": '<rect x="92" y="110" width="216" height="180" rx="16" class="b"/>'
    '<rect x="160" y="160" width="80" height="80" rx="8" class="d"/>'
    '<path d="M120 140h40M240 140h40M120 260h40M240 260h40M120 180h24M256 180h24M120 220h24'
    'M256 220h24" class="s"/>',
}


def svg(product: Product) -> str:
    """The picture as an SVG document, 400 by 400, labelled with the product's title."""
    hue = int.from_bytes(sha256(product.id.encode()).digest()[:2]) % 360
    title = product.title.replace("&", "&amp;").replace("<", "&lt;")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" role="img">'
        f"<title>{title}</title><style>"
        f".b{{fill:hsl({hue} 55% 48%)}}.d{{fill:hsl({hue} 60% 26%)}}.l{{fill:hsl({hue} 70% 90%)}}"
        f".s{{fill:none;stroke:hsl({hue} 60% 26%);stroke-width:9;stroke-linecap:round}}"
        f"</style><rect width='400' height='400' fill='hsl({hue} 45% 95%)'/>"
        f"<ellipse cx='200' cy='346' rx='120' ry='12' fill='hsl({hue} 30% 84%)'/>"
        f"{_SHAPES[product.kind]}</svg>"
    )
