"""Orders, draft orders and variants: as far as an import of order history goes."""
