"""BPMN 2.0 files: read safely, with the dialects of the usual modelers, into the document of a process."""
