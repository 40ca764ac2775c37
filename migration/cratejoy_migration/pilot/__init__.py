"""What only a write can show: speed of both lanes, and the assumptions of the reference, on a development store."""
