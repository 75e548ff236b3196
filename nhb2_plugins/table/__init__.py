"""Tables on disk: their schema, the store, and the ways to make one."""
