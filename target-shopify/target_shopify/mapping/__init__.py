"""A Cratejoy customer document as Shopify could hold it: pure functions, no I/O."""
