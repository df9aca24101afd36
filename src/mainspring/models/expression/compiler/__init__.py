"""Checked trees become closures, each of which takes a frame and returns a value."""
