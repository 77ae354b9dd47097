"""Files of tickets: what they are, what they are called, how pictures are drawn anew."""
