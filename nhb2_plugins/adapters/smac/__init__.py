"""SMAC: the target function, its callbacks and components, and SMAC behind ask and tell."""
