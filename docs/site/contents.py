"""Pages of the site: links that leave ``docs/``, and pages that no list of contents names yet."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sphinx.errors import ExtensionError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

REPOSITORY: Final = "https://github.com/nhb2-plugins/nhb2-plugins"
"""Where the repository is read; ``pyproject.toml``, ``CITATION.cff`` and the README name it too."""
ROOT: Final = Path(__file__).resolve().parents[2]
ELSEWHERE: Final = {"contributing": "CONTRIBUTING.md", "changelog": "CHANGELOG.md", "datasheet": "data/DATASHEET.md"}
"""Pages whose text is another file of the repository; in ``docs/`` they only point there."""
_LINK: Final = re.compile(r"(?P<mark>!?)\[(?P<text>[^\]]*)\]\((?P<path>[^)#\s:]+)(?P<anchor>#[^)\s]*)?\)")
_FRONT: Final = "index"
_REST: Final = "% the rest"


def lead_to_the_right_place(app: Sphinx, page: str, source: list[str]) -> None:
    """The page's text, its relative links led to pages of the site, or to the repository where it is read.

    Raises:
        ExtensionError: a link leads nowhere.
    """
    home = Path(app.srcdir) / page
    origin = ROOT / ELSEWHERE[page] if page in ELSEWHERE else home
    if page in ELSEWHERE:
        source[0] = origin.read_text(encoding="utf-8")
    pages = {ROOT / file: Path(app.srcdir) / f"{name}.md" for name, file in ELSEWHERE.items()}

    def led(link: re.Match[str]) -> str:
        target = (origin.parent / link["path"]).resolve()
        target = pages.get(target, target)
        address = os.path.relpath(target, home.parent)
        if not (link["mark"] or target.is_relative_to(app.srcdir)):
            if not (target.is_relative_to(ROOT) and target.exists()):
                raise ExtensionError(f"{origin} links to {link['path']}, which is not there")
            kind = "tree" if target.is_dir() else "blob"
            address = f"{REPOSITORY}/{kind}/main/{target.relative_to(ROOT).as_posix()}"
        return f"{link['mark']}[{link['text']}]({address}{link['anchor'] or ''})"

    source[0] = _LINK.sub(led, source[0])


def list_the_rest(app: Sphinx, page: str, source: list[str]) -> None:
    """A page that the front page's contents do not name comes under *More*: a new one is found at once."""
    if page != _FRONT:
        return
    named = set(re.findall(r"^[a-z0-9_/-]+$", source[0], re.MULTILINE))
    rest = sorted(app.env.found_docs - named - {_FRONT})
    listed = ["```{toctree}", ":hidden:", ":caption: More", "", *rest, "```"] if rest else []
    source[0] = source[0].replace(_REST, "\n".join(listed))
