"""What open pages hear at once: new events, and who has a ticket open."""
