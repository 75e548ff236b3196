"""Downloads of the published files, resumable and checked."""
