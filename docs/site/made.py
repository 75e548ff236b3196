"""What the site shows is made when it is built: the gallery by its own examples, the live report by a campaign."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT: Final = Path(__file__).resolve().parents[2]
GALLERY: Final = "docs/gallery.md"
CAMPAIGN: Final = "quickstart"
"""The campaign whose report is shown on the front page."""
_WORK: Final = ROOT / "build" / "site"
EXTRA: Final = _WORK / "extra"
"""What the site serves as it is."""
_PICTURES: Final = ROOT / "docs" / "pictures"


def make(_app: Sphinx) -> None:
    """Make the pictures and the campaign anew."""
    _run_gallery(_fresh(_WORK / "gallery"))
    _run_campaign(_WORK / CAMPAIGN, _fresh(EXTRA / "report"))


def _run_gallery(directory: Path) -> None:
    _call(directory, str(ROOT / "docs" / "site" / "examples.py"), GALLERY)
    pictures = _fresh(_PICTURES)
    for picture in (*directory.glob("*.png"), *directory.glob("*.svg")):
        shutil.copy(picture, pictures)


def _run_campaign(results: Path, shown: Path) -> None:
    _call(_WORK, "-m", "nhb2_plugins.cli", "run", CAMPAIGN, "--out", str(results), "--overwrite")
    shutil.copy(results / "report" / "report.html", shown / f"{CAMPAIGN}.html")


def _fresh(directory: Path) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def _call(directory: Path, *arguments: str) -> None:
    scripts = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MPLBACKEND": "agg",
        "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
    }
    subprocess.run([sys.executable, *arguments], cwd=directory, env=environment, check=True)
