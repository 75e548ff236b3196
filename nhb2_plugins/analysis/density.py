"""How many values lie where: what stands in place of a dot a run where dots would cover each other."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.stats import gaussian_kde

from nhb2_plugins.analysis.model import Floats

MANY_RUNS: Final = 200
"""More than these are drawn as a density."""


def density(values: Floats, at: Floats) -> Floats:
    """The density of some values (Gaussian kernels, Scott's bandwidth), divided by its largest.

    Args:
        values: shape (n,), in the axis' own distance: logarithms where it is logarithmic.
        at: where to tell it, shape (m,).

    Returns:
        Shape (m,), 0 to 1; of values that are all equal, 1 where one of ``at`` is nearest to them.
    """
    if np.ptp(values) == 0:
        return np.asarray(np.arange(len(at)) == np.abs(at - values[0]).argmin(), dtype=float)
    heights = gaussian_kde(values)(at)
    return np.asarray(heights / heights.max())
