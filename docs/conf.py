"""The documentation as a site: Sphinx, MyST and Furo. Build it with ``make site``, or

python -m sphinx --fail-on-warning --keep-going docs outputs/site

Reference pages are written by generated.py before they are read.
"""

import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))
import generated
import notebooks

import seqlab

project = "seqlab"
author = "The seqlab developers"
release = version = seqlab.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["**.py"]
myst_enable_extensions = ["dollarmath", "fieldlist"]
myst_heading_anchors = 3
myst_links_external_new_tab = True

nb_execution_mode = "force"  # Sphinx reads only what has changed
nb_execution_in_temp = True
nb_execution_timeout = 1800
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {"members": True, "show-inheritance": True}

html_theme = "furo"
html_title = f"seqlab {release}"
copyright = "The seqlab developers, Apache License 2.0"  # noqa: A001 (Sphinx's name)
html_static_path = ["site.css"]
html_css_files = ["site.css"]


def setup(app: Sphinx) -> None:
    """Write the generated pages before Sphinx looks for files, and size tutorials as they are read."""
    app.connect("config-inited", lambda *_: generated.write(Path(__file__).parent / "reference"))
    app.connect("source-read", notebooks.on_source_read)
