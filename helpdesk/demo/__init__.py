"""A made-up company for trying the desk out."""
