"""Taking a migration back: plan, undo in the order Shopify allows, read back what is left."""
