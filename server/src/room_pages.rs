//! The pages about rooms: finding one, making one, joining by an invite, keeping one in order.

use app::rooms::{Directory, Invited, Managed, NewRoom, RoomSettings, said};
use axum::extract::{Path, Query};
use domain::{
    presence,
    rooms::{self, invites, moderation},
};
use leptos::prelude::*;
use protocol::{
    Limit, RoomId,
    rooms::{Kind, Role},
};
use qrcode::{Color, EcLevel, QrCode};
use serde::Deserialize;

use crate::visit::{Page, Visit};

/// Rooms on a page of the directory, and lines of a room's log.
const ROWS: u64 = 50;

#[derive(Debug, Default, Deserialize)]
pub struct Search {
    #[serde(default)]
    query: String,
    cursor: Option<String>,
}

/// `GET /rooms?query=&cursor=`
pub async fn directory(visit: Visit, Query(Search { query, cursor }): Query<Search>) -> Page {
    let viewer = visit.signed_in()?;
    let ctx = visit.house.ctx.clone();
    let limit = Limit::try_from(ROWS).unwrap_or_default();
    let found = rooms::directory(&ctx, &query, cursor.as_deref(), limit).await;
    let mut found = found.map_err(|error| visit.refused(error))?;
    visit.house.hub.dress(&ctx, &mut found.items).await;
    let mine = rooms::positions(&ctx, &viewer).await.map_err(|error| visit.refused(error))?;
    let mine = mine.into_iter().map(|at| at.room).collect();
    let (visit, form) = visit.form(None);
    Ok(visit.plain("Rooms · Kith", move || view! { <Directory found mine query form /> }))
}

/// `GET /rooms/new`
pub async fn new(visit: Visit) -> Page {
    let viewer = visit.signed_in()?;
    let friends = domain::friends::list(&visit.house.ctx, &viewer).await;
    let friends = friends.map_err(|error| visit.refused(error))?;
    let (visit, form) = visit.form(None);
    Ok(visit.plain("New room · Kith", move || view! { <NewRoom friends form /> }))
}

#[derive(Debug, Default, Deserialize)]
pub struct Done {
    said: Option<String>,
    /// The code of an invite that was just made.
    invite: Option<String>,
}

/// `GET /rooms/{id}/settings`
pub async fn settings(
    visit: Visit,
    Path(id): Path<String>,
    Query(Done { said: word, invite }): Query<Done>,
) -> Page {
    let viewer = visit.signed_in()?;
    let id: RoomId = id.parse().map_err(|_| visit.not_here())?;
    let ctx = visit.house.ctx.clone();
    let refused = |error| visit.refused(error);
    let member = rooms::member(&ctx, &viewer, id).await.map_err(refused)?;
    if member.kind() == Kind::Direct {
        return Err(visit.not_here());
    }
    let room = rooms::show(&ctx, viewer.account(), id).await.map_err(refused)?;
    let members = presence::members(&ctx, &member).await.map_err(refused)?;
    let mut friends = domain::friends::list(&ctx, &viewer).await.map_err(refused)?;
    friends.retain(|friend| !members.iter().any(|member| member.user.id == friend.id));
    let keeps = room.role.is_some_and(|role| role != Role::Member);
    let (mut invites, mut log) = (Vec::new(), Vec::new());
    if keeps {
        let limit = Limit::try_from(ROWS).unwrap_or_default();
        log = moderation::log(&ctx, &member, None, limit).await.map_err(refused)?.items;
        invites = invites::invites(&ctx, &member).await.map_err(refused)?;
    }
    let invited = invite.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let invited = invited.map(|code| {
        let address = invites::address(&ctx, &code);
        let drawn = drawn(&address);
        (address, drawn)
    });
    let receipt = domain::messages::receipt(&ctx, &member).await.map_err(refused)?;
    let now = ctx.clock().now();
    let managed = Managed { members, friends, invites, log, invited, receipt, now, room };
    let title = format!("{} · Room · Kith", managed.room.name);
    let (visit, mut form) = visit.form(None);
    form.said = word.and_then(|word| said(&word));
    Ok(visit.plain(&title, move || view! { <RoomSettings managed form /> }))
}

/// `GET /invite/{code}`
pub async fn invite(visit: Visit, Path(code): Path<String>) -> Page {
    let ctx = visit.house.ctx.clone();
    let invitation = invites::preview(&ctx, &code).await.map_err(|error| visit.refused(error))?;
    let is_signed_in = visit.viewer.is_some();
    let title = format!("{} · Kith", invitation.name);
    let (visit, form) = visit.form(None);
    Ok(visit.plain(&title, move || view! { <Invited invitation code is_signed_in form /> }))
}

/// A text as the dark squares of a QR code, a path in a box of 60 by 60; `None` for one too long.
fn drawn(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let scale = 60.0 / (width + 8) as f64;
    let dark = code.to_colors().into_iter().enumerate().filter(|(_, color)| *color == Color::Dark);
    let square = |(at, _): (usize, Color)| {
        let place = |n: usize| (n + 4) as f64 * scale;
        format!(
            "M{:.2} {:.2}h{scale:.2}v{scale:.2}h-{scale:.2}z",
            place(at % width),
            place(at / width)
        )
    };
    Some(dark.map(square).collect())
}
