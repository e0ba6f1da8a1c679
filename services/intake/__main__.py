"""`python -m services.intake serve | migrate | replay | redrive | check`."""

if __name__ == "__main__":
    # Here, since each process that reads pictures loads this file too, and needs nothing of it.
    from services.intake.app import build
    from services.intake.settings import Settings
    from services.runtime.verbs import main

    main(Settings, build)
