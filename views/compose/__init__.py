"""What belongs to writing: drafts, files, the preview."""
