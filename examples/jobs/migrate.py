"""The release command: brings the database to the newest schema. Safe to run again."""

from queue_store import DATABASE, connect, schema_version

# Step n leads from schema n to n + 1. Add steps at the end; never change one that has run somewhere.
STEPS = [
    """
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY,
        text TEXT NOT NULL,
        added_at REAL NOT NULL,
        worker TEXT,
        taken_at REAL,
        result TEXT,
        done_at REAL
    )
    """,
]


def main() -> None:
    DATABASE.parent.mkdir(parents=True, exist_ok=True)
    db = connect()
    # Readers are not blocked by the writer in this mode, which the file remembers.
    db.execute("PRAGMA journal_mode = WAL")
    for version in range(schema_version(db), len(STEPS)):
        db.execute("BEGIN IMMEDIATE")
        db.execute(STEPS[version])
        db.execute(f"PRAGMA user_version = {version + 1}")
        db.execute("COMMIT")
        print(f"schema {version} -> {version + 1}")
    print(f"schema version {schema_version(db)}")
    db.close()


if __name__ == "__main__":
    main()
