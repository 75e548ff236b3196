"""Campaigns: k optimizers × n seeds on simulated time, specified in YAML, run by dask, resumed after a stop."""
