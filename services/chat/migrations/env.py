from services.chat.tables import metadata
from services.runtime.migrations import run_env

run_env(metadata)
