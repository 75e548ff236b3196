"""Exact answers about the benchmark itself: what is best, what matters, how the landscape looks.

The table is complete, so nothing here is sampled or fitted. This package reads a table; :mod:`nhb2_plugins.analysis`
reads recorded runs.
"""
