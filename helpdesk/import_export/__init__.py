"""Tickets from other systems and for other programs: files read and written."""
