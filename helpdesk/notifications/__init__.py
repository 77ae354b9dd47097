"""Who is owed word of an event, by mail and in the desk, and what became of it."""
