"""Products and variants as far as a migration looks them up: by id, by SKU, by title; tests put them in."""
