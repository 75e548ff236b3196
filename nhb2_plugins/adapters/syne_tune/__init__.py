"""Syne Tune: the table as a blackbox, and a simulator backend that records."""
