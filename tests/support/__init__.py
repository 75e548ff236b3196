"""Data that tests are made from."""
