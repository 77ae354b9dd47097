"""People and their accounts: roles, sessions, passwords, one-time links."""
