"""The way in: complaints, evidence, and everything that either party sends afterwards.

Where the parties' commands are. Pages and API take a session, a bearer token, or a signed link's
token in `?token=` (`services.runtime.auth.links`):

| page | API below `/api/v1` | appends |
|---|---|---|
| `/complaints/{id}/add` | `POST /complaints/{id}/evidence` | `EvidenceAdded` |
| the same, once asked | `POST /complaints/{id}/information` | `InformationSupplied` |
| `/complaints/{id}/withdraw` | `POST /complaints/{id}/withdrawal` | `ComplaintWithdrawn` |
| `/cases/{id}/answer` | `POST /cases/{id}/counter-notice` | `CounterNoticeSubmitted` |
| `/cases/{id}/extension` | `POST /cases/{id}/extension` | `ExtensionRequested` |
| `/cases/{id}/evidence` | `POST /cases/{id}/evidence` | `EvidenceSupplied` |
| `/decisions/{id}/appeal` | `POST /decisions/{id}/appeals` | `AppealLodged` |
| `/complaints/mine` | `POST /guest-links` | `GuestLinkAsked` |

Below `/complaints` acts the complainant, below `/cases` the accused, below `/decisions` either.
`/decisions/{id}/appeal?complaint={id}` says which of their own complaints the appeal is about, to
be said only by somebody who has several in the case. `/complaints/mine?token=…` with a link of
purpose `guest` opens the guest's session.
"""
