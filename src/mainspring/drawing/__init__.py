"""Pictures as text: graphs, timelines and charts as SVG, Mermaid, DOT and plain text.

Pure, without I/O and without dependencies.
"""
