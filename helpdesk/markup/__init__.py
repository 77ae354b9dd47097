"""Markdown: read, and kept as HTML beside the text."""
