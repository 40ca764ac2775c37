"""What the two platforms are really like: asked once, politely, read-only, before anything is moved."""
