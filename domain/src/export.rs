//! All of a person's data in one archive: JSON by noun, and their pictures.

use std::io::{Cursor, Write};

use protocol::{AccountId, Limit, MessageId, Room, RoomId, Timestamp};
use sea_orm::{QueryOrder, entity::prelude::*};
use serde::Serialize;
use tokio::sync::Semaphore;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    Ctx, Error, Result, Viewer,
    accounts::{identities, profile, sessions},
    db::statement,
    friends,
    limits::Rule,
    notifications,
    rooms::{self, entity::room},
    uploads,
};

/// One archive is made at a time.
static ONE: Semaphore = Semaphore::const_new(1);
/// As many numbers of a room are looked through at once.
const AT_ONCE: i64 = 20_000;

/// The archive, a ZIP.
///
/// # Errors
/// `RateLimited` past a few an hour; as reading fails.
pub async fn archive(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<u8>> {
    ctx.limits().take_for(Rule::Export, viewer.account()).await?;
    // Each stands in memory until it is sent.
    let _turn = ONE.acquire().await.map_err(Error::internal)?;
    let mut archive = Archive(ZipWriter::new(Cursor::new(Vec::new())));
    let own = profile::own(ctx, viewer).await?;
    if let Some(url) = &own.user.avatar_url
        && let Some(id) = url.split('/').nth(2).and_then(|id| id.parse().ok())
    {
        for size in uploads::SIZES {
            let bytes = uploads::picture(ctx, id, size).await?;
            archive.file(&format!("pictures/{size}.jpg"), &bytes)?;
        }
    }
    archive.json("account.json", &own)?;
    archive.json("devices.json", &sessions::list(ctx, viewer).await?)?;
    archive.json("identities.json", &identities::list(ctx, viewer).await?)?;
    archive.json("friends.json", &friends::list(ctx, viewer).await?)?;
    archive.json("requests.json", &friends::requests(ctx, viewer, None).await?)?;
    archive.json("blocked.json", &friends::blocked(ctx, viewer).await?)?;
    let limit = Limit::try_from(Limit::MAX).map_err(Error::internal)?;
    let mut cards = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let inbox = notifications::list(ctx, viewer, cursor.as_deref(), limit).await?;
        cards.extend(inbox.page.items);
        cursor = inbox.page.next;
        if cursor.is_none() {
            break;
        }
    }
    archive.json("notifications.json", &cards)?;
    let mut all: Vec<Room> = Vec::new();
    loop {
        let page = rooms::list(ctx, viewer, cursor.as_deref(), limit).await?;
        all.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    archive.json("rooms.json", &all)?;
    archive.json("messages.json", &said(ctx, viewer.account()).await?)?;
    archive.finish()
}

/// Everything that an account said, the oldest first: the room, when, and what.
async fn said(ctx: &Ctx, account: AccountId) -> Result<Vec<Line>> {
    let conn = ctx.db.read();
    let backend = conn.get_database_backend();
    let rooms = room::Entity::find().order_by_asc(room::Column::Id).all(conn).await?;
    let sql = "SELECT seq, id, body, created_at, edited_at FROM message WHERE room_id = $1 \
               AND seq > $2 AND seq <= $3 AND author_id = $4 AND deleted_at IS NULL ORDER BY seq";
    let mut lines = Vec::new();
    for room::Model { id: room, last_seq, .. } in rooms {
        for after in (0..last_seq).step_by(AT_ONCE as usize) {
            let upto = after + AT_ONCE;
            let values = [room.into(), after.into(), upto.into(), account.into()];
            let statement = statement(backend, sql, values);
            for row in conn.query_all_raw(statement).await? {
                lines.push(Line {
                    room,
                    seq: row.try_get_by_index(0)?,
                    id: row.try_get_by_index(1)?,
                    body: row.try_get_by_index(2)?,
                    created_at: row.try_get_by_index(3)?,
                    edited_at: row.try_get_by_index(4)?,
                });
            }
        }
    }
    Ok(lines)
}

/// Something that the person said.
#[derive(Serialize)]
struct Line {
    room: RoomId,
    seq: i64,
    id: MessageId,
    body: String,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<Timestamp>,
}

struct Archive(ZipWriter<Cursor<Vec<u8>>>);

impl Archive {
    fn file(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        self.0.start_file(name, options).map_err(Error::internal)?;
        self.0.write_all(bytes).map_err(Error::internal)
    }

    fn json(&mut self, name: &str, value: &impl Serialize) -> Result<()> {
        self.file(name, &serde_json::to_vec_pretty(value).map_err(Error::internal)?)
    }

    fn finish(self) -> Result<Vec<u8>> {
        Ok(self.0.finish().map_err(Error::internal)?.into_inner())
    }
}
