"""A source's name as it may be shown: a database's URL without its secrets."""

from __future__ import annotations

import re
from typing import Final

_PASSWORD: Final = re.compile(r"(://[^:/@]*):.*@", re.DOTALL)  # up to the last @: a password may hold others
_SECRET_PARAMETER: Final = re.compile(r"(?i)([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&]*")


def shown_source(source: str) -> str:
    """A path as it is, and a URL with its password, and whatever parameter may be a secret, masked.

    >>> shown_source("postgresql://me:s3cr@t@host/runs?sslpassword=x"), shown_source("runs/a.jsonl")
    ('postgresql://me:***@host/runs?sslpassword=***', 'runs/a.jsonl')
    """
    if "://" not in source:
        return source
    return _SECRET_PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", source))
