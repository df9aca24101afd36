"""What BPMN 2.0.2 asks of a file before it can be run, one file a family of rules."""
