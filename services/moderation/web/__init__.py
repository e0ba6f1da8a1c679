"""Pages of moderation: the moderators' console and both sides' Complaint Center."""
