"""The dbt project: assembled, compiled, and compared with what was published."""
