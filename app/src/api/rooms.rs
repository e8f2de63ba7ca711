//! Rooms: opening, making, joining, and keeping them in order.

use leptos::prelude::*;
use protocol::{
    RoomId,
    rooms::{Kind, MemberStep, Notify, Retention},
};

use super::Failure;

/// Opens the direct room with somebody, made on first use, and leads there.
#[server(prefix = "/fn", endpoint = "rooms/open_direct")]
pub async fn open_direct(username: String) -> Result<RoomId, Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let room = domain::rooms::direct::open(&ctx, &viewer, &username).await?;
    leptos_axum::redirect(&format!("/rooms/{}", room.id));
    Ok(room.id)
}

/// Makes a room, and leads there.
#[server(prefix = "/fn", endpoint = "rooms/create")]
pub async fn create_room(
    #[server(default)] name: String,
    #[server(default)] topic: String,
    kind: Kind,
    #[server(default)] retention: Retention,
    #[server(default)] members: Vec<String>,
) -> Result<RoomId, Failure> {
    use protocol::{RoomName, Topic, rooms::NewRoom};

    let (ctx, viewer) = super::signed_in()?;
    let name = RoomName::parse(&name).map_err(Failure::in_field("name"))?;
    let topic = Some(Topic::parse(&topic).map_err(Failure::in_field("topic"))?);
    let new = NewRoom { name, kind, topic, retention, members };
    let room = domain::rooms::create(&ctx, &viewer, new).await?;
    leptos_axum::redirect(&format!("/rooms/{}", room.id));
    Ok(room.id)
}

/// Joins a public room, and leads there.
#[server(prefix = "/fn", endpoint = "rooms/join")]
pub async fn join_room(room: RoomId) -> Result<RoomId, Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let room = domain::rooms::join(&ctx, &viewer, room).await?;
    leptos_axum::redirect(&format!("/rooms/{}", room.id));
    Ok(room.id)
}

/// Leaves a room, and leads to the others.
#[server(prefix = "/fn", endpoint = "rooms/leave")]
pub async fn leave_room(room: RoomId) -> Result<(), Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let member = domain::rooms::member(&ctx, &viewer, room).await?;
    domain::rooms::leave(&ctx, &member).await?;
    leptos_axum::redirect("/");
    Ok(())
}

/// Changes what a room is called and how one writes there.
#[server(prefix = "/fn", endpoint = "rooms/change")]
pub async fn change_room(
    room: RoomId,
    #[server(default)] name: String,
    #[server(default)] topic: String,
    #[server(default)] notices: Option<String>,
    #[server(default)] slow_mode: i64,
    #[server(default)] retention: Option<Retention>,
) -> Result<(), Failure> {
    use protocol::{RoomName, Topic, rooms::RoomChange};

    let (ctx, viewer) = super::signed_in()?;
    let change = RoomChange {
        name: Some(RoomName::parse(&name).map_err(Failure::in_field("name"))?),
        topic: Some(Topic::parse(&topic).map_err(Failure::in_field("topic"))?),
        notices: Some(notices.is_some()),
        slow_mode: Some(slow_mode),
        retention,
        ..RoomChange::default()
    };
    let member = domain::rooms::member(&ctx, &viewer, room).await?;
    domain::rooms::settings::change(&ctx, &member, change).await?;
    done(room, "saved");
    Ok(())
}

/// Does something about somebody in a room.
#[server(prefix = "/fn", endpoint = "rooms/member_step")]
pub async fn take_member_step(
    room: RoomId,
    username: String,
    step: MemberStep,
) -> Result<(), Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let member = domain::rooms::member(&ctx, &viewer, room).await?;
    domain::rooms::moderation::step(&ctx, &member, &username, step).await?;
    done(room, "done");
    Ok(())
}

/// Makes an invite, and shows its address.
#[server(prefix = "/fn", endpoint = "rooms/invite")]
pub async fn make_invite(
    room: RoomId,
    #[server(default)] expires_in: Option<i64>,
) -> Result<(), Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let member = domain::rooms::member(&ctx, &viewer, room).await?;
    let made = domain::rooms::invites::invite(&ctx, &member, expires_in, None).await?;
    let code = made.code;
    leptos_axum::redirect(&format!("/rooms/{room}/settings?said=invited&invite={code}"));
    Ok(())
}

/// Ends an invite.
#[server(prefix = "/fn", endpoint = "rooms/end_invite")]
pub async fn end_invite(room: RoomId, name: String) -> Result<(), Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let member = domain::rooms::member(&ctx, &viewer, room).await?;
    domain::rooms::invites::end(&ctx, &member, &name).await?;
    done(room, "done");
    Ok(())
}

/// Joins by an invite, and leads there.
#[server(prefix = "/fn", endpoint = "rooms/accept_invite")]
pub async fn accept_invite(code: String) -> Result<RoomId, Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let room = domain::rooms::invites::accept(&ctx, &viewer, &code).await?;
    leptos_axum::redirect(&format!("/rooms/{}", room.id));
    Ok(room.id)
}

/// What of a room the viewer is told of.
#[server(prefix = "/fn", endpoint = "rooms/notify")]
pub async fn set_notify(room: RoomId, notify: Notify) -> Result<(), Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let member = domain::rooms::member(&ctx, &viewer, room).await?;
    domain::rooms::settings::set_notify(&ctx, &member, notify).await?;
    done(room, "saved");
    Ok(())
}

/// Deletes a room for everyone, and leads to the others.
#[server(prefix = "/fn", endpoint = "rooms/delete")]
pub async fn delete_room(room: RoomId) -> Result<(), Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let member = domain::rooms::member(&ctx, &viewer, room).await?;
    domain::rooms::settings::delete(&ctx, &member).await?;
    leptos_axum::redirect("/");
    Ok(())
}

#[cfg(feature = "ssr")]
fn done(room: RoomId, what: &str) {
    leptos_axum::redirect(&format!("/rooms/{room}/settings?said={what}"));
}
