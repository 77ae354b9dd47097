"""The search index: text normalized for search, one document a ticket."""
