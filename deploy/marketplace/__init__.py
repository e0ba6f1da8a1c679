"""A small demo marketplace: the far side that the services speak to over HTTP.

It has an OpenID provider with demo people (without passwords: it guards nothing), a catalogue, a
directory of members, and product pages to complain from. A real marketplace takes its place by
serving the same addresses.
"""
