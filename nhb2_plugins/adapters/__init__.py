"""Frameworks: a folder each where a framework has several parts, and ``*_adapter`` modules as their public faces."""
