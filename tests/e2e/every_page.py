"""Every page of the product, by who reads it. A new page is a new row here.

What stands in braces was made by `furnishing`, under that name. A page that no row leads to fails
`test_every_page_is_in_the_table`.
"""

from typing import NamedTuple


class Walk(NamedTuple):
    """Who reads which pages. `name` is that of a demo person, as the sign-in shows it; None for
    nobody. With `chats`, an operator is at the desk and has chats at hand. Pages that are not
    `translated` are looked at in English alone."""

    name: str | None
    pages: tuple[str, ...]
    chats: bool = False
    translated: bool = True


ITEM = "/marketplace/item/32845522857.html"

WALKS = {
    "nobody": Walk(
        None,
        (
            "/",
            "/help",
            "/help?q=refund",
            "/help/file-a-complaint",
            "/help/nothing-here",
            "/complaints/new",
            "/complaints/mine",
            "/complaints/{guests_complaint}?token=wrong",
            "/center",
            "/center/complaints/{guests_complaint}",
            "/center/cases/{decided_case}",
            "/decisions/{decided_decision}/appeal",
            "/mail/preferences?token={preferences_link}",
            "/mail/unsubscribe/news?token={preferences_link}",
            "/chat",
            "/chat?chat={eva_chat}&token={eva_token}",
            "/chat?embed=1",
            "/chat?embed=1&chat={eva_chat}&token={eva_token}",
            "/chat/transcript?chat={eva_chat}&token={eva_token}",
        ),
    ),
    "who has a link": Walk(
        None,
        (
            "/complaints/{guests_complaint}?token={complaint_link}",
            "/complaints/{guests_complaint}/withdraw?token={complaint_link}",
            "/center/complaints/{guests_complaint}?token={complaint_link}",
            "/center/cases/{partly_case}?token={accused_link}",
            "/decisions/{partly_decision}/appeal?token={accused_link}",
            "/complaints/mine?token={guests_link}",  # opens the session of the guest
            "/center/standing",
        ),
    ),
    "a customer in the chat": Walk(
        None,
        (
            "/chat?chat={taken_chat}&token={taken_token}",
            "/chat?chat={waiting_chat}&token={waiting_token}",
            "/chat?chat={ended_chat}&token={ended_token}",
        ),
        chats=True,
    ),
    "buyer": Walk(
        "Иван Петров",
        (
            "/",
            "/chat",
            "/chat/history",
            "/center",
            "/center/standing",
            "/center/complaints/{decided_complaint}",
            "/center/complaints/{inadmissible_complaint}",
            "/center/complaints/{answered_complaint}",
            "/complaints/{answered_complaint}",
            "/complaints/{answered_complaint}/add",
            "/complaints/{answered_complaint}/withdraw",
            "/complaints/mine?token={guests_link}",
            "/decisions/{inadmissible_decision}/appeal?complaint={inadmissible_complaint}",
            "/mail/notices",
            "/mail/preferences",
            "/moderation",
        ),
    ),
    "another buyer": Walk(
        "ليلى حداد",
        (
            "/center",
            "/center/complaints/{questioned_complaint}",
            "/center/complaints/{awaited_complaint}",
            "/center/complaints/{withdrawn_complaint}",
            "/center/complaints/{proposed_complaint}",
            "/complaints/{questioned_complaint}/add",
        ),
    ),
    "seller": Walk(
        "Sunrise Store",
        (
            "/center",
            "/center/standing",
            "/center/cases/{awaited_case}",
            "/center/cases/{answered_case}",
            "/center/cases/{decided_case}",
            "/cases/{awaited_case}/answer",
            "/cases/{awaited_case}/extension",
            "/cases/{answered_case}/evidence",
            "/cases/{answered_case}/answer",
            "/mail/notices",
        ),
    ),
    "moderator": Walk(
        "Mia Novak",
        (
            "/moderation",
            "/moderation?queue=done",
            "/moderation?type=SM&language=ru",
            "/moderation/cases/{decided_case}",
            "/moderation/cases/{awaited_case}",
            "/moderation/cases/{answered_case}",
            "/moderation/cases/{questioned_case}",
            "/moderation/cases/{decided_case}/complaints",
            "/moderation/figures",
            "/moderation/bulk",
            "/moderation/bulk/new?query=type%3DSM",
            "/moderation/bulk/{bulk}",
            "/moderation/texts/wrong-category",
            "/moderation/members/sunrise-store",
            "/mail",
            "/mail/{mail}",
            "/mail/mailbox",
            "/mail/mailbox/{received}",
        ),
    ),
    "senior moderator": Walk(
        "Sven Lindqvist",
        (
            "/moderation/cases/{proposed_case}",
            "/moderation/audit",
            "/moderation/quality",
            "/moderation/members/sunrise-store",
            "/moderation/measures/proposed",
            "/moderation/outgoing",
            "/moderation/outgoing/{outgoing}",
            "/moderation/report",
            "/moderation/report/enter?since=2026-01-01&until=2026-12-31",
            "/moderation/texts",
            "/moderation/texts/new",
            "/moderation/texts/wrong-category",
        ),
    ),
    "appeals officer": Walk("Olga Marin", ("/moderation/cases/{decided_case}",)),
    "operator": Walk(
        "Павел Орлов",
        ("/desk", "/desk?chat={taken_chat}", "/desk?chat={ended_chat}", "/desk/history"),
        chats=True,
    ),
    "supervisor": Walk("Susan Clarke", ("/desk/figures", "/desk/team", "/desk/history")),
    "marketplace": Walk(
        None,
        ("/marketplace/", ITEM, "/marketplace/item/1404.html"),
        translated=False,  # somebody else's site, which the demo stands for
    ),
}

NOT_PAGES = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/asyncapi",
    "/docs",  # of the API, by a reader that others made
    "/start.js",
    "/embed.js",
    "/look",  # a part of the wizard's page
    "/live",  # every live feed of a page
    "/unread",
    ".csv",
    "/html",  # mails as they are, made for mail programs
    "/raw",
    "/files/{place}",
)
"""How addresses end that answer no page of ours."""
