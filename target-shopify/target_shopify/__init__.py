"""Singer target for Shopify: customers with their subscription history, each once."""
