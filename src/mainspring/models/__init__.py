"""The pure models: what happens next, and nothing else."""
