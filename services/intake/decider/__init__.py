"""What may be filed and what may be sent afterwards: pure, with the time given.

`matter` folds what is known of a case and its complaints; `filing`, `accused`, `complainant` and
`appeal` decide. The clock of receipt decides whether something came in time (policy, "Case").
"""
