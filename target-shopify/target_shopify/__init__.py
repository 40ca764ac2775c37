"""Singer target for Shopify: customers with their subscription history, each once."""

from target_shopify.target import TargetShopify

__all__ = ["TargetShopify"]
