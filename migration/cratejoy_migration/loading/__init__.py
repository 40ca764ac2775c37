"""The parts of the loader: reading, rows, types, one writer at a time, error sentences."""
