"""How the tests of the doctor read its checks."""

from __future__ import annotations

from nhb2_plugins.doctor import Check


def status_of(checks: list[Check], name: str) -> str:
    return next(check.status for check in checks if check.name == name)
