"""Pages of the site: links that leave ``docs/``, and pages that no list of contents names yet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sphinx.errors import ExtensionError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

REPOSITORY: Final = "https://github.com/nhb2-plugins/nhb2-plugins"
"""Where the repository is read; ``pyproject.toml``, ``CITATION.cff`` and the README name it too."""
ROOT: Final = Path(__file__).resolve().parents[2]
_OUTWARD: Final = re.compile(r"\]\(((?:\.\./)+[^)#\s]+)((?:#[^)\s]*)?)\)")
_FRONT: Final = "index"
_REST: Final = "% the rest"


def lead_out_of_the_site(app: Sphinx, page: str, source: list[str]) -> None:
    """Relative links to the repository's other files become links to where it is read.

    Raises:
        ExtensionError: there is no such file.
    """
    here = (Path(app.srcdir) / page).parent

    def address(link: re.Match[str]) -> str:
        target = (here / link[1]).resolve()
        if target.is_relative_to(app.srcdir):
            return link[0]
        if not (target.is_relative_to(ROOT) and target.exists()):
            raise ExtensionError(f"{page} links to {link[1]}, which is not there")
        kind = "tree" if target.is_dir() else "blob"
        return f"]({REPOSITORY}/{kind}/main/{target.relative_to(ROOT).as_posix()}{link[2]})"

    source[0] = _OUTWARD.sub(address, source[0])


def list_the_rest(app: Sphinx, page: str, source: list[str]) -> None:
    """A page that the front page's contents do not name comes under *More*: a new one is found at once."""
    if page != _FRONT:
        return
    named = set(re.findall(r"^[a-z0-9_/-]+$", source[0], re.MULTILINE))
    rest = sorted(app.env.found_docs - named - {_FRONT})
    listed = ["```{toctree}", ":hidden:", ":caption: More", "", *rest, "```"] if rest else []
    source[0] = source[0].replace(_REST, "\n".join(listed))
