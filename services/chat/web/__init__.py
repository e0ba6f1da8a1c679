"""The customer's window at `/chat`: it works without a script, and comes alive with one."""
