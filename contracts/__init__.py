"""What the services say to each other: facts, envelopes, subjects and streams.

Nothing here does I/O, calls a clock or knows a service. Every service may import it.
"""
