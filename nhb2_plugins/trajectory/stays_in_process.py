"""What belongs to the process that made it: a copy elsewhere would take records that nobody reads."""

from __future__ import annotations

from typing import Any, ClassVar

from nhb2_plugins.errors import TrajectoryError


class StaysInProcess:
    """Cannot be copied or pickled; a subclass says what to do instead.

    Whoever may travel, because what it learns elsewhere comes back, defines ``__reduce__`` of its own.
    """

    _WAY_OUT: ClassVar[str] = "Make one in each process"

    def __reduce__(self) -> Any:
        """Refuse; ``copy`` and ``pickle`` ask for this, and so does Pyro, which replaces ``__reduce_ex__``.

        Raises:
            TrajectoryError: always.
        """
        raise TrajectoryError(
            f"this {type(self).__name__} cannot be copied or sent to another process: its records would be lost there. "
            f"{self._WAY_OUT}"
        )
