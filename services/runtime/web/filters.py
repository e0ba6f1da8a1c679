"""How dates, numbers and people's own words are shown: the templates' filters."""

from datetime import UTC, datetime, timedelta
from pathlib import PurePath

from markupsafe import Markup

from services.runtime import locales
from services.runtime.locales import decimal_text, short_date_text, short_moment_text
from services.runtime.phrases import recognised
from services.runtime.sentences import gettext as _
from services.runtime.sentences import ngettext
from services.runtime.web.text import reader, told


def moment(at: datetime | str) -> datetime:
    """`at` as an aware UTC time. ISO 8601 text, as rows of JSON hold it, is read too."""
    parsed = datetime.fromisoformat(at) if isinstance(at, str) else at
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def date_text(at: datetime | str) -> str:
    """E.g. `22 Nov 2025`, in UTC."""
    return short_date_text(moment(at), reader().language)


def datetime_text(at: datetime | str) -> str:
    """E.g. `22 Nov 2025, 21:15 UTC`."""
    return short_moment_text(moment(at), reader().language)


def _time(at: datetime | str, text: str, kind: str) -> Markup:
    return Markup('<time datetime="{}" data-time="{}">{}</time>').format(iso(at), kind, text)


def date(at: datetime | str) -> Markup:
    """A `<time>` with the day. The page's script shows it in the reader's own time zone."""
    return _time(at, date_text(at), "date")


def date_time(at: datetime | str) -> Markup:
    """A `<time>` with day and minute. The page's script shows it in the reader's time zone."""
    return _time(at, datetime_text(at), "datetime")


def span_text(span: timedelta) -> str:
    """A length of time in the one unit that matters, e.g. `3 days`, rounded down."""
    count, unit = _units(span)
    if count == 0:
        return str(told(_("less than a minute")))
    return locales.span_text(count, unit, reader().language)


def relative_text(at: datetime | str) -> str:
    """`at` as seen from now: `in 3 days`, `2 hours ago`."""
    span = moment(at) - reader().now
    ahead = span >= timedelta(0)
    count, unit = _units(span)
    if count == 0:
        near = _("in less than a minute") if ahead else _("less than a minute ago")
        return str(told(near))
    return locales.relative_text(count if ahead else -count, unit, reader().language)


def _units(span: timedelta) -> tuple[int, locales.Unit]:
    minutes = int(abs(span).total_seconds()) // 60
    if minutes < 60:
        return minutes, "minute"
    hours = minutes // 60
    return (hours, "hour") if hours < 48 else (hours // 24, "day")


def relative(at: datetime | str) -> Markup:
    """A `<time>` that says how far away a moment is; hovering shows the moment."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        iso(at), datetime_text(at), relative_text(at)
    )


def urgency(due: datetime | str) -> str:
    """How a deadline is to be shown: `late`, `soon` (under 24 hours left) or `calm`."""
    left = moment(due) - reader().now
    if left < timedelta(0):
        return "late"
    return "soon" if left < timedelta(hours=24) else "calm"


def deadline(due: datetime | str) -> Markup:
    """A deadline, coloured by its urgency, kept current by the page's script."""
    return Markup('<time class="due due-{}" datetime="{}" title="{}">{}</time>').format(
        urgency(due), iso(due), datetime_text(due), relative_text(due)
    )


def iso(at: datetime | str) -> str:
    """`at` in ISO 8601, to the second, for scripts."""
    return moment(at).isoformat(timespec="seconds")


def number(value: int | float) -> str:
    """E.g. `20,000`."""
    return decimal_text(value, reader().language)


def filesize(size: int) -> str:
    """A size in bytes, e.g. `840 KB` or `2.4 MB` (powers of 1000)."""
    if size < 1000:
        return str(told(ngettext("%(n)s byte", "%(n)s bytes", size) % {"n": size}))
    if size < 1_000_000:
        return str(told(_("%(n)s KB") % {"n": round(size / 1000)}))
    return str(told(_("%(n)s MB") % {"n": round(size / 1_000_000, 1)}))


def phrase(text: str) -> str:
    """What a fact says: in the reader's language where it is a sentence of our own."""
    said: str = told(recognised(text))
    return said


def user_text(text: str, language: str | None = None) -> Markup:
    """Somebody's own words: their line breaks and direction kept, nothing in them made active."""
    lang = Markup(' lang="{}"').format(language) if language else Markup()
    return Markup('<div class="user-text" dir="auto"{}>{}</div>').format(lang, text)


def user_line(text: str) -> Markup:
    """A name or title that somebody typed, isolated from the direction of its surroundings."""
    return Markup("<bdi>{}</bdi>").format(" ".join(text.split()))


def mail_address(address: str) -> Markup:
    """An e-mail address, in one piece; where it is longer than its line, it breaks at the @."""
    name, at, domain = address.rpartition("@")
    return Markup('<bdi class="unbroken" dir="ltr">{}{}<wbr>{}</bdi>').format(name, at, domain)


def web_address(link: str) -> Markup:
    """A link as text, which breaks after a slash where it has to."""
    parts = Markup("/<wbr>").join(link.split("/"))
    return Markup('<bdi dir="ltr">{}</bdi>').format(parts)


def filename(name: str) -> Markup:
    """A file's name as it is: direction overrides cannot make `…gpj.exe` read as a picture."""
    visible = "".join(c for c in PurePath(name).name if c.isprintable())
    return Markup('<bdi dir="ltr">{}</bdi>').format(visible)


FILTERS = {
    "date": date,
    "datetime": date_time,
    "datetime_text": datetime_text,
    "deadline": deadline,
    "filename": filename,
    "filesize": filesize,
    "iso": iso,
    "mail_address": mail_address,
    "number": number,
    "relative": relative,
    "urgency": urgency,
    "user_line": user_line,
    "phrase": phrase,
    "user_text": user_text,
    "web_address": web_address,
}
