"""`python -m services.intake serve | migrate | replay | redrive | check`."""

from services.intake.app import build
from services.intake.settings import Settings
from services.runtime.verbs import main

if __name__ == "__main__":
    main(Settings, build)
