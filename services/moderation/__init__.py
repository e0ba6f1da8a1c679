"""Moderation: complaints become cases, people decide them, both sides see how they stand."""
