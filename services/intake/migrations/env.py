from services.intake.projection import metadata
from services.runtime.migrations import run_env

run_env(metadata)
