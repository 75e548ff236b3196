"""The first exception of a run, kept for its caller: frameworks turn exceptions into crashed trials, and go on."""

from __future__ import annotations


class ErrorKeeper:
    """Part of whatever a framework calls.

    Attributes:
        error: the first unexpected exception; None as long as there is none.
    """

    error: Exception | None = None

    def keep(self, error: Exception) -> None:
        """Keep an exception, if it is the first; safe in several threads."""
        vars(self).setdefault("error", error)

    def raise_first_error(self) -> None:
        """Raise the first exception, which the framework has swallowed, if there is one.

        Raises:
            Exception: that exception.
        """
        if self.error is not None:
            raise self.error
