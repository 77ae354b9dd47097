"""Files from outside: taken in, scanned for viruses."""
