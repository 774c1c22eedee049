# SPDX-License-Identifier: GPL-2.0
#
# Sphinx: run it by "make htmldocs", which sets srctree to a kernel's source. The
# extension that reads kernel-doc comments is used from there.

import os
import sys

docs = os.path.dirname(os.path.abspath(__file__))
top = os.path.dirname(docs)
sys.path.insert(0, os.path.join(os.environ["srctree"], "Documentation/sphinx"))

project = "ata_split"
copyright = "The ata_split maintainers"
with open(os.path.join(top, "VERSION")) as f:
    release = version = f.read().strip()

extensions = ["kerneldoc", "sphinx.ext.graphviz"]
kerneldoc_srctree = top
graphviz_output_format = "svg"
primary_domain = "c"
highlight_language = "none"

# What include/ata_split/context.h, the kernel and sparse add to declarations.
c_id_attributes = ["__percpu", "__iomem", "__read_mostly", "__in_startio",
                   "__enters_startio", "__leaves_startio"]
c_paren_attributes = ["__guarded_by", "__acquires", "__releases",
                      "__acquires_shared", "__releases_shared"]

html_theme = "alabaster"
html_theme_options = {"description": "BuildIo/StartIo for libata " + version}
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
html_copy_source = False
