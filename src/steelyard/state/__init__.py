"""Small transactional state: SQLite by default, PostgreSQL by URL. No telemetry is kept here."""
