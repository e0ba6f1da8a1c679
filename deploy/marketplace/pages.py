"""The pages that people see: templates in `templates/`, one style sheet, the chat's script."""

from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from deploy.marketplace.catalogue import Product

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; script-src 'self'; frame-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}
_templates = Environment(
    loader=PackageLoader("deploy.marketplace", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["style"] = Markup(
    files("deploy.marketplace").joinpath("templates/style.css").read_text()
)


def product_link(product: Product) -> str:
    """The product's address at the marketplace that this one stands for."""
    return f"https://www.aliexpress.com/item/{product.id}.html"


def report_address(product: Product) -> str:
    """Where "Report this item" leads: the wizard, with the product's link filled in."""
    return f"/complaints/new?product_link={quote(product_link(product), safe='')}"


_templates.globals["product_link"] = product_link
_templates.globals["report_address"] = report_address


def page(template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    content = _templates.get_template(template).render(context)
    return HTMLResponse(content, status, headers=_HEADERS)
