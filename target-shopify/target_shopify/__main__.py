"""`python -m target_shopify` is `target-shopify`."""

from target_shopify.cli import main

main()
