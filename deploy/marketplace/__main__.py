"""`python -m deploy.marketplace`: serves until told to stop."""

import uvicorn

from deploy.marketplace.app import build
from deploy.marketplace.settings import Settings


def main() -> None:
    settings = Settings()
    uvicorn.run(
        build(settings),
        host=settings.marketplace_host,
        port=settings.marketplace_port,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
