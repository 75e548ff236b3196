"""From the published pickles, in a directory or an archive, to a table."""
