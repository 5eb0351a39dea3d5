"""Rows of JSON that all instances of a service share, kept in SQLite."""

import contextlib
import json
import sqlite3

MAX_ROWS = 1000


class Full(Exception):
    pass


class Table:
    def __init__(self, path, rows):
        """rows seed a new file; path is opened anew by each call, since a
        connection belongs to one thread."""

        self.path = path
        with self.open() as db:
            db.execute("CREATE TABLE IF NOT EXISTS item"
                       " (id TEXT PRIMARY KEY, value TEXT NOT NULL)")
            db.executemany("INSERT OR IGNORE INTO item VALUES (?, ?)",
                           [(row["id"], json.dumps(row)) for row in rows])

    @contextlib.contextmanager
    def open(self):
        db = sqlite3.connect(self.path, timeout=5)
        try:
            with db:
                db.execute("PRAGMA synchronous = OFF")
                yield db
        finally:
            db.close()

    def all(self):
        with self.open() as db:
            rows = db.execute("SELECT value FROM item ORDER BY rowid")
            return [json.loads(value) for value, in rows]

    def get(self, key):
        with self.open() as db:
            row = db.execute("SELECT value FROM item WHERE id = ?",
                             (key,)).fetchone()
            return None if row is None else json.loads(row[0])

    def add(self, row):
        """The row as it was added, or None when its id is taken.  Without
        an id it gets the next number."""

        with self.open() as db:
            db.execute("BEGIN IMMEDIATE")
            count, = db.execute("SELECT count(*) FROM item").fetchone()
            if count >= MAX_ROWS:
                raise Full
            row = {"id": str(count + 1), **row}
            cursor = db.execute("INSERT OR IGNORE INTO item VALUES (?, ?)",
                                (row["id"], json.dumps(row)))
            return row if cursor.rowcount == 1 else None
