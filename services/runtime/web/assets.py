"""Static files, addressed by a hash of the whole folder so that caches may keep them for ever.

One hash for the folder, not one per file: modules import each other by relative address, and so
a change in any of them reaches the browser.
"""

from hashlib import sha256
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOREVER = "public, max-age=31536000, immutable"
_BRIEFLY = "public, max-age=60"


class Assets(StaticFiles):
    """A folder of static files at `<prefix>/<hash>/<path>`.

    An address with another hash comes from a page of another release: it is answered with the
    present file, which then is not to be kept.
    """

    def __init__(self, folder: Path, prefix: str) -> None:
        super().__init__(directory=folder)
        self.prefix = prefix
        self.folder = folder
        self.hash = _hash(folder)

    def url(self, path: str) -> str:
        """The address of a file. Raises LookupError when there is none of that name."""
        if not (self.folder / path).is_file():
            raise LookupError(f"no static file {path!r} in {self.folder}")
        return f"{self.prefix}/{self.hash}/{path}"

    async def get_response(self, path: str, scope: Scope) -> Response:
        given, _, rest = path.partition("/")
        response = await super().get_response(rest, scope)
        if response.status_code == 200:
            response.headers["cache-control"] = _FOREVER if given == self.hash else _BRIEFLY
        response.headers["x-content-type-options"] = "nosniff"
        return response


def _hash(folder: Path) -> str:
    digest = sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
