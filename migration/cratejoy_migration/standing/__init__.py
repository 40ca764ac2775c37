"""Where the migration stands: what is known, on one screen, and what to do next in one sentence."""
