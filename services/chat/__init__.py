"""The support chat: a virtual agent, a queue with an honest estimate, operators, ratings.

How it works, from the log outwards:

- `state`, `decider`: a chat and what may happen to it; `operators`: an operator's shift and slots.
  Both are pure; every command is decided on the aggregate's own history, under its guard.
- `routing`: who gets which chat, as a pure plan over everything that is live. `board` keeps what is
  live in memory by following the log, `router` carries plans out. A plan may be carried out by two
  replicas at once: slots are reserved on the operator's aggregate, offers are made on the chat's,
  and the ids of both follow from the chat's history.
- `estimate`, `schedule`: how long it takes, and when operators are there.
- `hub`, `presence`: what is live goes out to sockets by core NATS, and heartbeats come in; neither
  is stored, and no socket has a consumer.
- `api`: customers (`/api/v1/chats`), operators and supervisors (`/api/v1/chats/desk`), and the
  sockets of both (`api.sockets` describes the frames).
- `projection`, `store`: tables for lists, history and figures.
"""
