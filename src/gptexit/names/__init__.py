"""Names of projects and custom GPTs, which an export has only ids of."""
