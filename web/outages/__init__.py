"""What pages and the log say while the database or a disk does not work."""
