"""Running the desk: checks before the start, the worker's jobs, restarts."""
