"""Says very much in a room at once: rows as the server writes them, while it is not running.

fill.py DATABASE ROOM USERNAME COUNT
"""

import os
import sqlite3
import sys
import uuid

path, room, username, count = sys.argv[1], uuid.UUID(sys.argv[2]).bytes, sys.argv[3], int(sys.argv[4])
house = sqlite3.connect(path)
# Others wait for the same disk meanwhile.
house.execute("PRAGMA synchronous = OFF")
account, last, now = house.execute(
    "SELECT account.id, room.last_seq, room.created_at FROM account, room WHERE username = ? AND room.id = ?",
    (username, room),
).fetchone()


def message_id(seq):
    random = os.urandom(10)
    stamp = (now + seq).to_bytes(6, "big")
    return stamp + bytes([0x70 | random[0] & 0x0F, random[1], 0x80 | random[2] & 0x3F]) + random[3:]


with house:
    house.executemany(
        "INSERT INTO message (room_id, seq, id, revision, author_id, kind, body, created_at)"
        " VALUES (?, ?, ?, ?, ?, 'message', ?, ?)",
        (
            (room, seq, message_id(seq), seq, account, f"number {seq}", now + seq)
            for seq in range(last + 1, last + count + 1)
        ),
    )
    house.execute(
        "UPDATE room SET last_seq = last_seq + ?1, revision = revision + ?1, last_author_id = ?2,"
        " last_text = 'number ' || (last_seq + ?1), last_message_at = ?3 WHERE id = ?4",
        (count, account, now + last + count, room),
    )
house.close()
