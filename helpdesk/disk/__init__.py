"""The desk's own folders and files: synced, private, with room left."""
