"""Server-rendered pages: templates, forms, static files. Knows no service."""

from services.runtime.web.forms import Form
from services.runtime.web.pages import Pages, languages_wanted, render_problem_page, wants_html
from services.runtime.web.text import gettext, ngettext

__all__ = [
    "Form",
    "Pages",
    "gettext",
    "languages_wanted",
    "ngettext",
    "render_problem_page",
    "wants_html",
]
