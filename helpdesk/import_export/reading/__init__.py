"""An imported file read: its text, columns, cells and dates, and what other systems call them."""
