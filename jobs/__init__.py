"""What runs with nobody waiting: sending mail, clocks, retention, and the loop around them."""
