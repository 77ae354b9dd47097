"""Our gunicorn worker and the connections it keeps."""
