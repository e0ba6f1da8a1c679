"""Tells people by e-mail what happened to their complaint or case, and keeps the ledger of it."""
