"""The staging database: the one that STAGING_DATABASE_URL names, else an embedded PostgreSQL."""

from cratejoy_migration.staging.errors import StagingError
from cratejoy_migration.staging.server import connection_url, keep_up, staging_database

__all__ = ["StagingError", "connection_url", "keep_up", "staging_database"]
