"""Pickles of plain data, read without executing anything."""
