"""``nhb2 doctor``: checks of the installation, the table in use and budget ladders; imports no framework."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "absent", "warning", "problem"]


@dataclass(frozen=True)
class Check:
    """What was found.

    Attributes:
        name: what was looked at.
        status: ``problem`` where something would fail; ``warning`` where it would surprise; ``absent`` where something
            that nothing needs is not installed.
        text: what was found and, unless that is fine, what to do about it.
    """

    name: str
    status: Status
    text: str
