"""The joint space as a ConfigSpace definition: the public face of :mod:`nhb2_plugins.search_space`."""

from __future__ import annotations

from nhb2_plugins.encoding import ENCODINGS, Encoding, to_configuration, to_values
from nhb2_plugins.search_space import configuration_space, read_configuration_space, write_configuration_space
from nhb2_plugins.subspace import Subspace

__all__ = [
    "ENCODINGS",
    "Encoding",
    "Subspace",
    "configuration_space",
    "read_configuration_space",
    "to_configuration",
    "to_values",
    "write_configuration_space",
]
