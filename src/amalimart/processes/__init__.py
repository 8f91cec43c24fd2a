"""The processes of a running project, put together from the rooms: engine, ingest, supervisor, client."""
