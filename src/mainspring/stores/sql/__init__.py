"""Named statements and numbered migrations."""
