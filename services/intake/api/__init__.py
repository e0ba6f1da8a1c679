"""The HTTP API of intake. Bodies are read straight from their bytes by one pydantic model."""
