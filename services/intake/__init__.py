"""The way in: complaints, evidence and the answers of the accused."""
