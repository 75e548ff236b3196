"""Training the benchmark's networks: any cell, from one run to a table (extra ``train``)."""
