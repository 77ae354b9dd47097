"""What happened: the kinds of events, and record(), the one way to write one down."""
