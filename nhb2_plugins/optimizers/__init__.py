"""Optimizers behind one ask/tell protocol (:mod:`nhb2_plugins.ask_tell`)."""
