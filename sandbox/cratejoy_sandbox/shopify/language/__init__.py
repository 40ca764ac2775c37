"""A request's GraphQL before anything runs: reading, checking, variables and cost, in Shopify's words."""
