"""`make demo`: sample complaints, filed, answered and decided through the public API."""
