"""One module per framework; each imports its framework at its own top, and nothing imports these eagerly."""
