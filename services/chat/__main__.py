"""`python -m services.chat serve | migrate | replay | redrive | check`."""

from services.chat.app import build
from services.chat.settings import Settings
from services.runtime import verbs

if __name__ == "__main__":
    verbs.main(Settings, build)
