"""The HTTP API and the sockets of the chat.

Customers: `api.customers`, below `/api/v1/chats`. Operators and supervisors: `api.desk`, below
`/api/v1/chats/desk`. Sockets and event streams of both: `api.sockets`.
"""
