"""How the parts run together: one table for people, tests and the container deployment."""
