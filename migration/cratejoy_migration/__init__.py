"""The operator's tools of the migration: staging database, loader, command line."""
