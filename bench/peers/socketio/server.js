// A chat as the documentation of socket.io writes it: rooms, acknowledgements, messages kept by
// better-sqlite3 in WAL. Started by bin/bench peers as: node server.js SEED.json PORT
const { readFileSync } = require("node:fs");
const { createServer } = require("node:http");
const { dirname, join } = require("node:path");
const Database = require("better-sqlite3");
const { Server } = require("socket.io");

const [seedFile, port] = process.argv.slice(2);
const seed = JSON.parse(readFileSync(seedFile, "utf8"));

const db = new Database(join(dirname(seedFile), "chat.db"));
db.pragma("journal_mode = WAL");
db.pragma("synchronous = NORMAL");
db.exec(`
  CREATE TABLE account (id INTEGER PRIMARY KEY, token TEXT UNIQUE, name TEXT);
  CREATE TABLE membership (account INTEGER, room TEXT, PRIMARY KEY (account, room)) WITHOUT ROWID;
  CREATE TABLE friendship (account INTEGER, friend INTEGER, PRIMARY KEY (account, friend)) WITHOUT ROWID;
  CREATE TABLE message (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, room TEXT, account INTEGER, body TEXT, created_at INTEGER);
  CREATE INDEX message_room ON message (room, seq);
`);
db.transaction(() => {
  const account = db.prepare("INSERT INTO account VALUES (?, ?, ?)");
  const membership = db.prepare("INSERT INTO membership VALUES (?, ?)");
  const friendship = db.prepare("INSERT INTO friendship VALUES (?, ?)");
  seed.accounts.forEach((token, n) => account.run(n, token, `person-${n}`));
  for (const [room, members] of Object.entries(seed.rooms)) {
    for (const member of members) membership.run(member, room);
  }
  for (const [one, other] of seed.friends) friendship.run(one, other);
})();

const byToken = db.prepare("SELECT id, name FROM account WHERE token = ?");
const roomsOf = db.prepare("SELECT room FROM membership WHERE account = ?").pluck();
const friendsOf = db.prepare(
  "SELECT account.id, account.name FROM friendship JOIN account ON account.id = friend WHERE account = ?",
);
const lastIn = db.prepare("SELECT seq, body FROM message WHERE room = ? ORDER BY seq DESC LIMIT 1");
const insert = db.prepare(
  "INSERT INTO message (id, room, account, body, created_at) VALUES (?, ?, ?, ?, ?)",
);

const server = createServer();
// The pings are spread so far that none falls into a measurement.
const io = new Server(server, { serveClient: false, pingInterval: 600_000 });

io.use((socket, next) => {
  const account = byToken.get(socket.handshake.auth.token);
  if (!account) return next(new Error("unauthenticated"));
  socket.data.account = account;
  next();
});

io.on("connection", (socket) => {
  const { account } = socket.data;
  const rooms = roomsOf.all(account.id);
  socket.join(rooms);
  socket.emit("ready", {
    me: account,
    rooms: rooms.map((id) => ({ id, last: lastIn.get(id) })),
    friends: friendsOf.all(account.id),
  });
  socket.on("message", ({ room, id, body }, ack) => {
    if (!socket.rooms.has(room)) return ack({ error: "not_found" });
    const created_at = Date.now();
    const { lastInsertRowid: seq } = insert.run(id, room, account.id, body, created_at);
    io.to(room).emit("message", { room, id, seq, author: account, body, created_at });
    ack({ id, seq });
  });
});

server.listen(Number(port), "127.0.0.1");
