"""The steps from each version of the schema to the next, run by Alembic where a database is older than the code.

A change of `schema` comes with a file in `versions`, and with `versions.HEAD` as its revision.
"""
