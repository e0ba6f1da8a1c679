"""`python -m services.moderation serve | migrate | replay | redrive | check`."""

from services.moderation.app import build
from services.moderation.settings import Settings
from services.runtime.verbs import main

if __name__ == "__main__":
    main(Settings, build)
