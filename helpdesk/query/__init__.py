"""The query language: what is typed into a search box, read and written back. Pure."""
