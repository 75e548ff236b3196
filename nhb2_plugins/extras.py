"""How to install what is not there: the command that fits how this package itself was installed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.errors import MissingExtraError

DISTRIBUTION: Final = "nhb2-plugins"
_CHECKOUT: Final = Path(__file__).resolve().parents[1]


def missing_extra(what: str, extra: str, error: Exception | None = None) -> MissingExtraError:
    """The error for something that an extra installs.

    Args:
        what: what needs what, for example ``frames need pandas``.
        extra: the extra's name.
        error: why it cannot be imported, which is not always that it is missing.
    """
    why = "" if error is None else f" ({error})"
    return MissingExtraError(f"{what}{why}: {install_command(extra)}")


@contextmanager
def needs_extra(what: str, extra: str) -> Iterator[None]:
    """Around imports that an extra makes possible; arguments as :func:`missing_extra`.

    Raises:
        MissingExtraError: they fail. What says already how to install it is left as it is, and what is missing within
            this package, which no extra mends.
    """
    try:
        yield
    except MissingExtraError:
        raise
    except ImportError as error:
        if (error.name or "").partition(".")[0] == __package__:
            raise
        raise missing_extra(what, extra, error) from error


def install_command(extra: str = "") -> str:
    """The command that installs this package, with an extra, from where it was installed.

    A name alone would be looked up in an index, which need not have what was installed from a checkout, an archive or a
    repository.
    """
    import shlex

    wanted = f"[{extra}]" if extra else ""
    if _is_checkout(_CHECKOUT):
        return f"pip install -e {shlex.quote(f'{_CHECKOUT}{wanted}')}"
    origin = _origin()
    if origin is None:
        return f"pip install {shlex.quote(f'{DISTRIBUTION}{wanted}')}"
    return f"pip install {shlex.quote(f'{DISTRIBUTION}{wanted} @ {origin}')}"


def _is_checkout(directory: Path) -> bool:
    try:
        return f'name = "{DISTRIBUTION}"' in (directory / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return False


def _origin() -> str | None:
    """Where the installed distribution came from, as a requirement writes it; None for an index (PEP 610)."""
    from importlib import metadata  # takes longer than all that is answered

    try:
        text = metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
        return _requirement_of(json.loads(text)) if text else None
    except (metadata.PackageNotFoundError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _requirement_of(direct: dict[str, Any]) -> str:
    """The address of a ``direct_url.json``."""
    url, subdirectory = str(direct["url"]), direct.get("subdirectory")
    if "vcs_info" in direct:
        url = f"{direct['vcs_info']['vcs']}+{url}@{direct['vcs_info']['commit_id']}"
    return f"{url}#subdirectory={subdirectory}" if subdirectory else url
