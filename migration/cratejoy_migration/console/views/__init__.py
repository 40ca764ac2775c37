"""What the pages show, as data: read from the staging database and the reports, without any layout."""
