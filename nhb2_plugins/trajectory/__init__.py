"""The ledger of a search: one record per evaluation, the logger that takes it, sinks that keep it, the way back."""
