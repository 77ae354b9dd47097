"""The plumbing of pages: the door, headers, errors, filters, logs. What the desk does is in helpdesk/."""
