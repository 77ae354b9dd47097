"""Finding tickets: filters, full text, the best hits, completion."""
