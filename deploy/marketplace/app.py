"""Composition root of the demo marketplace: pages, catalogue, directory, orders, disputes, OpenID
provider."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Cookie, FastAPI, Form, Header, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from deploy.marketplace import catalogue, orders, people, pictures
from deploy.marketplace.pages import page
from deploy.marketplace.provider import Client, OAuthError, Provider, UnknownClient, kept_key
from deploy.marketplace.settings import Settings
from deploy.marketplace.vouching import COOKIE, Vouching
from services.runtime.clock import Clock, utcnow

PREFIX = "/marketplace"


def build(settings: Settings, *, clock: Clock = utcnow) -> FastAPI:
    """The marketplace, ready to serve. Makes its signing key in `settings.data` the first time."""
    provider = Provider(
        issuer=f"{settings.origin}{PREFIX}/oidc",
        client=Client(
            "redress",
            redirect_uris=frozenset({f"{settings.origin}/sign-in/callback"}),
            after_sign_out=frozenset({f"{settings.origin}/"}),
        ),
        key=kept_key(settings.data / "marketplace" / "oidc-key.pem"),
        clock=clock,
    )
    app = FastAPI(
        title="Demo marketplace",
        docs_url=f"{PREFIX}/docs",
        openapi_url=f"{PREFIX}/openapi.json",
        redoc_url=None,
    )
    started_at = clock()
    vouching = Vouching(settings.embed_secret, clock=clock)
    app.include_router(_shop(started_at), prefix=PREFIX)
    app.include_router(_api(settings, started_at), prefix=f"{PREFIX}/api")
    app.include_router(_oidc(provider, vouching), prefix=f"{PREFIX}/oidc")
    return app


def _shop(started_at: datetime) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("")
    @router.get("/")
    async def home() -> Response:
        return page("home.html", products=catalogue.CURATED)

    @router.get("/item/{product_id}.html")
    async def item(
        product_id: str, identity: Annotated[str, Cookie(alias=COOKIE)] = ""
    ) -> Response:
        product = catalogue.find(product_id)
        if product is None:
            return page("gone.html", status=404)
        seller = people.find(product.seller_id)
        return page("item.html", product=product, seller=seller, identity=identity)

    @router.get("/pictures/{product_id}.svg")
    async def picture(product_id: str) -> Response:
        product = catalogue.find(product_id)
        if product is None:
            return Response(status_code=404)
        headers = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
        return Response(pictures.svg(product), media_type="image/svg+xml", headers=headers)

    @router.api_route("/disputes/new", methods=["GET", "POST"])
    async def dispute(request: Request) -> Response:
        """Where a dispute is opened, with what the complaint centre sent along."""
        form = await request.form() if request.method == "POST" else request.query_params
        told = {name: str(form.get(name, ""))[:20_000] for name in ("order", "product", "text")}
        known = orders.find(told["order"], started_at=started_at)
        product = catalogue.find(known.product_id if known else told["product"])
        return page(
            "dispute.html",
            order=known,
            product=product,
            text=told["text"],
            opened="open" in form,
        )

    return router


def _api(settings: Settings, started_at: datetime) -> APIRouter:
    router = APIRouter(tags=["far side"])

    @router.get("/products/{product_id}")
    async def product(product_id: str) -> Response:
        """A product: its seller, title, category and picture. 404 for ids ending in 404."""
        found = catalogue.find(product_id)
        if found is None:
            return JSONResponse({"detail": "There is no such product."}, 404)
        seller = people.find(found.seller_id)
        return JSONResponse(
            {
                "id": found.id,
                "seller_id": found.seller_id,
                "seller_name": seller.name if seller else None,
                "price": f"{found.price} EUR",
                "title": found.title,
                "category": found.category,
                "picture_url": f"{settings.origin}{PREFIX}/pictures/{found.id}.svg",
            }
        )

    @router.get("/members/{member_id}")
    async def member(member_id: str) -> Response:
        """A member: name, e-mail address, language and roles."""
        person = people.find(member_id)
        if person is None:
            return JSONResponse({"detail": "There is no such member."}, 404)
        return JSONResponse(
            {
                "id": person.id,
                "name": person.name,
                "email": person.email,
                "language": person.language,
                "roles": list(person.roles),
            }
        )

    @router.get("/orders")
    async def orders_of(buyer: str = "", product: str = "") -> Response:
        """What a member ordered, of one product or of all: received, protected until, disputed."""
        found = orders.of(buyer, product or None, started_at=started_at)
        return JSONResponse({"orders": [each.told() for each in found]})

    return router


def _oidc(provider: Provider, vouching: Vouching) -> APIRouter:
    router = APIRouter(tags=["OpenID Connect"])

    @router.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return provider.discovery()

    @router.get("/jwks")
    async def jwks() -> dict[str, Any]:
        return provider.jwks()

    @router.get("/authorize")
    async def choose(request: Request) -> Response:
        """Checks the client's request and shows the people to choose from."""
        try:
            provider.authorization(request.query_params)
        except UnknownClient as error:
            return page("refused.html", status=400, reason=str(error))
        except OAuthError as error:
            return _back(request, error=error.error, error_description=error.description)
        return page("sign-in.html", groups=people.GROUPS, query=request.url.query)

    @router.post("/authorize")
    async def chosen(request: Request, person: Annotated[str, Form()] = "") -> Response:
        try:
            authorization = provider.authorization(request.query_params)
        except UnknownClient as error:
            return page("refused.html", status=400, reason=str(error))
        except OAuthError as error:
            return _back(request, error=error.error, error_description=error.description)
        somebody = people.find(person)
        if somebody is None:
            return _back(request, error="access_denied", error_description="Nobody was chosen.")
        answer = _back(request, code=provider.grant(authorization, somebody))
        vouching.remember(answer, somebody)
        return answer

    @router.post("/token")
    async def token(request: Request) -> Response:
        form = {n: v for n, v in (await request.form()).items() if isinstance(v, str)}
        headers = {"Cache-Control": "no-store"}
        try:
            return JSONResponse(provider.exchange(form), headers=headers)
        except OAuthError as error:
            status = 401 if error.error == "invalid_client" else 400
            answer = {"error": error.error, "error_description": error.description}
            return JSONResponse(answer, status, headers=headers)

    @router.get("/userinfo")
    async def userinfo(authorization: Annotated[str, Header()] = "") -> Response:
        try:
            return JSONResponse(provider.userinfo(authorization.removeprefix("Bearer ")))
        except OAuthError as error:
            challenge = f'Bearer error="{error.error}", error_description="{error.description}"'
            return Response(status_code=401, headers={"WWW-Authenticate": challenge})

    @router.get("/end-session")
    async def end_session(post_logout_redirect_uri: str = "", state: str = "") -> Response:
        """Nothing to end: the demo provider asks every time. Sends the browser back."""
        if post_logout_redirect_uri not in provider.client.after_sign_out:
            return page("signed-out.html")
        query = f"?{urlencode({'state': state})}" if state else ""
        answer = RedirectResponse(post_logout_redirect_uri + query, 303)
        vouching.forget(answer)
        return answer

    return router


def _back(request: Request, **answer: str) -> Response:
    # Only reached once the client and its address were checked.
    if state := request.query_params.get("state"):
        answer["state"] = state
    address = f"{request.query_params['redirect_uri']}?{urlencode(answer)}"
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
