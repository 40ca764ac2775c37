"""A handful of customers through the whole path, from Cratejoy to Shopify; without a write unless asked."""
