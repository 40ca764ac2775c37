"""Local stand-ins for the platforms of a migration, for tests, demos and rehearsals."""
