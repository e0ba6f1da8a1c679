"""Server-rendered pages: templates, forms, static files. Knows no service."""

from services.runtime.web.forms import Form
from services.runtime.web.languages import languages_wanted
from services.runtime.web.pages import Pages, render_problem_page, translations_of, wants_html
from services.runtime.web.text import told

__all__ = [
    "Form",
    "Pages",
    "languages_wanted",
    "render_problem_page",
    "told",
    "translations_of",
    "wants_html",
]
