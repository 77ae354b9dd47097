"""Tickets and their conversation: the acts of people on them."""
