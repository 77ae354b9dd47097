"""Lists of tickets and what is done with them."""
