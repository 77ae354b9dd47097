"""How often and how much one person may do something."""
