"""Whatever opens a socket to somebody else's server."""
