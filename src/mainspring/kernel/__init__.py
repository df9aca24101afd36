"""The durable kernel: one turn, one journal, one commit; no SQL text and no threads."""
