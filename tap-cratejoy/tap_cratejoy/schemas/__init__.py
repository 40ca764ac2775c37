"""One JSON Schema file a stream."""
