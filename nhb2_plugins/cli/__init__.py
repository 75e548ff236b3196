"""The command line, ``nhb2``: the only package that prints. It starts in :mod:`nhb2_plugins.cli.main`."""
