"""What is shown of a database's URL is no secret."""

from __future__ import annotations

import pytest

from nhb2_plugins.trajectory.database_url import shown_source


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("postgresql://u:SECRET@host/db", "postgresql://u:***@host/db"),
        ("postgresql+psycopg://u:SE:C@R/ET@host:5432/db", "postgresql+psycopg://u:***@host:5432/db"),
        ("postgresql://:SECRET@host/db", "postgresql://:***@host/db"),
        ("postgresql://host/db?user=u&password=SECRET&x=1", "postgresql://host/db?user=u&password=***&x=1"),
        ("postgresql://host/db?sslPassword=SECRET", "postgresql://host/db?sslPassword=***"),
        ("postgresql://u@host/db", "postgresql://u@host/db"),
        ("sqlite:///runs/a:b.db", "sqlite:///runs/a:b.db"),
        ("runs/a:SECRET@b.jsonl", "runs/a:SECRET@b.jsonl"),
    ],
)
def test_a_password_is_masked_and_all_else_is_kept(source: str, shown: str) -> None:
    assert shown_source(source) == shown
