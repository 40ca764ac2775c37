"""The pages, each a function `page` that lays out what `views` and `work` know."""
