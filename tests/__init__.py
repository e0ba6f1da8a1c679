"""A package, so that no other of this name (some distributions carry theirs) is found first."""
