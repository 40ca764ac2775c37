"""The parts of the reader: connections and types, records as PostgreSQL writes them, writing to the target."""
