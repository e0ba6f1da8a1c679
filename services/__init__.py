"""The services, each deployable alone, and the runtime that they share."""
