"""A local Shopify: the part of the Admin API that a migration of customers and orders touches."""
