"""hpbandster 0.7.4 on today's packages; importing this module repairs it for the whole process.

ConfigSpace ≥ 1.1 puts ``numpy.int64`` and ``numpy.str_`` into configurations, and numpy ≥ 2 writes ``numpy.float64``
budgets as text that nobody can read. Pyro cannot send such a job and hpbandster's JSON result logger cannot write it;
the thread that does so dies unseen, and the optimizer waits for ever. Here numpy scalars become the built-in values
that they stand for: where an iteration takes configurations and budgets in, and on the wire, for what workers send.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import serpent  # type: ignore[import-untyped]
from hpbandster.core.base_iteration import BaseIteration

_original_init: Final[Callable[..., None]] = BaseIteration.__init__


def _init(
    self: BaseIteration,
    HPB_iter: int,  # noqa: N803 - hpbandster's name
    num_configs: Sequence[int],
    budgets: Sequence[Any],
    config_sampler: Callable[[float], Any] | None,
    *arguments: Any,
    **named: Any,
) -> None:
    def sample(budget: float) -> Any:
        return _built_in(config_sampler(budget)) if config_sampler else None

    _original_init(self, HPB_iter, num_configs, [_built_in(each) for each in budgets], sample, *arguments, **named)


def _built_in(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {name: _built_in(each) for name, each in value.items()}
    return tuple(map(_built_in, value)) if isinstance(value, tuple) else value


def _send(scalar: np.generic, serializer: Any, output: list[str], level: int) -> None:
    serializer._serialize(scalar.item(), output, level)


BaseIteration.__init__ = _init
serpent.register_class(np.generic, _send)
