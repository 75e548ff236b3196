"""How Sphinx makes the documentation site of ``docs/``: strict, and without a request to any server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import commands
import contents
import docstrings
import made

import nhb2_plugins

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "nhb2-plugins"
author = "The nhb2-plugins authors"
project_copyright = f"2026, {author}"
release = version = nhb2_plugins.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["site"]
nitpicky = True
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

html_theme = "furo"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_title = f"nhb2-plugins {release}"
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
made.EXTRA.mkdir(parents=True, exist_ok=True)  # Sphinx asks for it before anything is made
html_extra_path = [str(made.EXTRA)]
html_copy_source = False
html_show_search_summary = False  # needs requests, which a browser refuses between files

# Frameworks outside the environment of the site: their adapters are documented without them.
autodoc_mock_imports = [
    "carps",
    "dehb",
    "hpbandster",
    "nevergrad",
    "Pyro4",
    "ray",
    "safetensors",
    "serpent",
    "syne_tune",
    "torch",
    "vizier",
]
autodoc_member_order = "bysource"
# As a list: entries of their own would stand twice, here and beside the property.
napoleon_custom_sections = [("Attributes", "params_style")]
napoleon_use_rtype = False
python_use_unqualified_type_names = True
copybutton_exclude = ".linenos, .gp, .go"


def setup(app: Sphinx) -> None:
    """Connect what this site does beyond Sphinx."""
    app.add_directive("commands", commands.Commands)
    app.connect("builder-inited", made.make)
    app.connect("source-read", contents.lead_to_the_right_place)
    app.connect("source-read", contents.list_the_rest)
    app.connect("missing-reference", docstrings.resolve_by_last_name)
    app.connect("autodoc-process-docstring", docstrings.read_sections_of_values, priority=400)
    app.connect("autodoc-skip-member", docstrings.skip_fields_of_tuples)
