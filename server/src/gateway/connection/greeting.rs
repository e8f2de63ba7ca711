//! The first that a client is told: where everything stands.

use std::collections::HashMap;

use domain::{
    presence::{self, Lease},
    snapshot::{self, Greeting},
};
use protocol::{
    Event, RoomId,
    socket::{Ready, close},
};
use tokio::time::{Instant, timeout};

use super::{PATIENCE, Who, telling::SENT};
use crate::{
    gateway::{
        end::{End, GONE, RESTART, SESSION_OVER, TOO_SLOW},
        hub::Place,
        queue::text,
        upgrade::{Opened, first_frame},
    },
    serve::House,
};

/// Reads where everything stands, and listens from there on.
///
/// # Errors
/// With how it ends; `None` where nothing more can be said, for a frame is begun.
pub(super) async fn greet(
    house: &House,
    who: &Who,
    place: &Place,
    opened: &mut Opened,
) -> Result<(HashMap<RoomId, i64>, Option<Lease>), Option<End>> {
    let (ready, lease) = tokio::select! {
        // Whose session ends while they wait for their turn is told nothing, and who goes is not waited for.
        biased;
        ended = place.queue().end_comes() => return Err(Some(ended.into())),
        () = opened.hangs_up() => return Err(Some(GONE)),
        read = read_greeting(house, who, place) => read.map_err(Some)?,
    };
    let sent = ready.rooms.iter().map(|room| (room.id, room.revision)).collect();
    let frame = first_frame(&text(&Event::Ready(Box::new(ready))));
    tell(opened, place, &frame).await?;
    SENT.increment(1);
    Ok((sent, lease))
}

/// Slow is who takes nothing for long, not who has much to read.
async fn tell(opened: &mut Opened, place: &Place, frame: &[u8]) -> Result<(), Option<End>> {
    let mut rest = frame;
    while !rest.is_empty() {
        let end = tokio::select! {
            biased;
            ended = place.queue().end_comes() => ended.into(),
            written = timeout(PATIENCE, opened.write(rest)) => match written {
                Ok(0) => GONE,
                Ok(length) => {
                    rest = &rest[length..];
                    continue;
                }
                Err(_) => TOO_SLOW,
            },
        };
        if rest.len() == frame.len() {
            return Err(Some(end));
        }
        end.count();
        return Err(None);
    }
    Ok(())
}

async fn read_greeting(
    house: &House,
    who: &Who,
    place: &Place,
) -> Result<(Ready, Option<Lease>), End> {
    let failed = |error: domain::Error| {
        if matches!(error, domain::Error::NotFound) {
            return SESSION_OVER;
        }
        tracing::error!(%error, "a socket could not be greeted");
        End { code: close::RESTART, reason: "not available" }
    };
    let _turn = house.hub.admission.greeting(&house.shutdown).await.ok_or(RESTART)?;
    let (mut ready, lease) = match who {
        Who::Viewer(viewer) => {
            let lease = presence::enter(&house.ctx, viewer);
            let read_after = Instant::now();
            let Greeting { ready, positions, is_invisible } =
                snapshot::greeting(&house.ctx, viewer).await.map_err(failed)?;
            place.listen_to(positions, read_after);
            lease.know(is_invisible);
            (ready, Some(lease))
        }
        Who::Visitor(reader) => (snapshot::visit(&house.ctx, reader).await.map_err(failed)?, None),
    };
    house.hub.dress(&house.ctx, &mut ready.rooms).await;
    Ok((ready, lease))
}
