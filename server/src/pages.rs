//! The pages: who may see one, its status and where else it leads are decided before the first
//! byte, and the world it is rendered from is read here.

use std::net::SocketAddr;

use app::accounts::{
    Forgotten, Notice, Own, PublicProfile, Reset, Section, Settings, SignIn, SignUp, Welcome,
    local_path,
};
use axum::{
    extract::{ConnectInfo, FromRequest as _, Path, Query, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::{Ctx, Viewer, accounts, friends, messages, notifications, presence, rooms};
use http::{HeaderMap, HeaderValue, Uri, header};
use leptos::prelude::*;
use protocol::{
    Items, Limit, Problem, RoomId,
    friends::{Profile, Relation},
    messages::{History, Window},
};
use serde::Deserialize;

use crate::{
    flash::Flash,
    problem::Refusal,
    rest::Picture,
    serve::House,
    visit::{Page, Visit},
};

/// Messages in a room's first page.
const MESSAGES: u64 = 50;

/// People on the first page of those who are found.
const FOUND: u64 = 20;
/// Friends of a person on the first page of them.
const CIRCLE: u64 = 100;
/// Cards on the first page of what somebody was told of.
const CARDS: u64 = 10;

#[derive(Debug, Default, Deserialize)]
pub struct Next {
    next: Option<String>,
    /// A new password has been set.
    changed: Option<String>,
    /// An account is no more.
    deleted: Option<String>,
}

/// `GET /`
pub async fn home(visit: Visit) -> Page {
    match visit.viewer {
        Some(viewer) => Ok(visit.app(visit.snapshot(&viewer).await?, true)),
        None => {
            let welcoming = rooms::welcoming(&visit.house.ctx).await;
            match welcoming.map_err(|error| visit.refused(error))? {
                Some(room) => look(&visit, room, Place::default()).await,
                None => Ok(visit.plain("Kith", || view! { <Welcome /> })),
            }
        }
    }
}

/// A public room for who is not in it.
async fn look(visit: &Visit, id: RoomId, place: Place) -> Page {
    let ctx = &visit.house.ctx;
    let refused = |error| visit.refused(error);
    let reader = match rooms::reader(ctx, visit.viewer.as_ref(), id).await {
        // It may be theirs once they are signed in.
        Err(domain::Error::NotFound) if visit.viewer.is_none() => {
            visit.signed_in()?;
            return Err(visit.not_here());
        }
        reader => reader.map_err(refused)?,
    };
    let limit = Limit::try_from(MESSAGES).unwrap_or_default();
    let history = messages::history(ctx, reader, place.window(), limit).await.map_err(refused)?;
    let looked_at = domain::snapshot::visit(ctx, &reader).await.map_err(refused)?;
    let mut snapshot = match &visit.viewer {
        Some(viewer) => {
            let mut snapshot = visit.snapshot(viewer).await?;
            snapshot.ready.rooms.extend(looked_at.rooms);
            snapshot
        }
        None => visit.stage(looked_at),
    };
    visit.house.hub.dress(ctx, snapshot.ready.rooms.iter_mut().filter(|room| room.id == id)).await;
    snapshot.histories.push((id, history));
    // Who is signed in hears of the rooms that they are in.
    Ok(visit.app(snapshot, visit.viewer.is_none() && place.before.is_none()))
}

/// `GET /sign-in`; who is signed in goes on.
pub async fn sign_in(
    visit: Visit,
    Query(Next { next, changed, deleted }): Query<Next>,
) -> Response {
    if visit.viewer.is_some() {
        return Redirect::to(local_path(next.as_deref().unwrap_or("/"))).into_response();
    }
    let (visit, mut form) = visit.form(next);
    form.said = match (changed, deleted) {
        (Some(_), _) => Some("Your new password is set. Sign in with it."),
        (_, Some(_)) => Some("Your account is deleted. Thank you for having been here."),
        _ => None,
    };
    visit.plain("Sign in · Kith", move || view! { <SignIn form /> })
}

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// A link has been asked for.
    sent: Option<String>,
}

/// `GET /forgotten`
pub async fn forgotten(visit: Visit, Query(Asked { sent }): Query<Asked>) -> Response {
    if !visit.house.ctx.takes_passwords() {
        return visit.not_here();
    }
    let (visit, mut form) = visit.form(None);
    form.said = sent.map(|_| "If an account has this address, a letter is on its way.");
    visit.plain("Forgotten password · Kith", move || view! { <Forgotten form /> })
}

/// `GET /reset/{token}`
pub async fn reset(visit: Visit, Path(token): Path<String>) -> Response {
    if !visit.house.ctx.takes_passwords() {
        return visit.not_here();
    }
    let (visit, form) = visit.form(None);
    visit.plain("A new password · Kith", move || view! { <Reset form token /> })
}

/// `GET /confirm/{token}`: from here on the address counts. Whoever has the letter may follow its link
/// more than once, and so may what looks at links before they do.
pub async fn confirm(visit: Visit, Path(token): Path<String>) -> Response {
    let (title, text) = match accounts::confirm(&visit.house.ctx, &token).await {
        Ok(()) => ("That is your address", "From here on it counts: you can sign in with it."),
        Err(domain::Error::Conflict(said)) => ("Not this address", said),
        Err(domain::Error::NotFound) => {
            ("Too late", "This link is older than a day. Ask for another one in your settings.")
        }
        Err(error) => return visit.refused(error),
    };
    visit.plain("Your address · Kith", move || view! { <Notice title text /> })
}

/// `GET /sign-up`; who is signed in goes on.
pub async fn sign_up(visit: Visit, Query(Next { next, .. }): Query<Next>) -> Response {
    if visit.viewer.is_some() {
        return Redirect::to(local_path(next.as_deref().unwrap_or("/"))).into_response();
    }
    let (visit, form) = visit.form(next);
    visit.plain("Create an account · Kith", move || view! { <SignUp form /> })
}

#[derive(Debug, Default, Deserialize)]
pub struct Place {
    /// The end of an older page.
    before: Option<i64>,
    /// The message that the page is opened around.
    at: Option<i64>,
}

impl Place {
    fn window(&self) -> Window {
        let at = self.at.map_or(Window::Newest, Window::Around);
        self.before.map_or(at, Window::Before)
    }
}

/// `GET /rooms/{id}`; with `at`, around a message; with `before`, an older page for who reads without a
/// script.
pub async fn room(visit: Visit, Path(id): Path<String>, Query(place): Query<Place>) -> Page {
    let Ok(id) = id.parse::<RoomId>() else {
        visit.signed_in()?;
        return Err(visit.not_here());
    };
    let ctx = &visit.house.ctx;
    let refused = |error| visit.refused(error);
    let Some(viewer) = visit.viewer else { return look(&visit, id, place).await };
    let mut open = vec![match opened(ctx, &viewer, id, place.window()).await {
        Err(domain::Error::NotFound) => return look(&visit, id, place).await,
        opened => opened.map_err(refused)?,
    }];
    for id in app::beside(visit.address()) {
        match opened(ctx, &viewer, id, Window::Newest).await {
            // Where it would stand, the page says that nothing is there.
            Err(domain::Error::NotFound) => {}
            opened => open.push(opened.map_err(refused)?),
        }
    }
    let mut snapshot = visit.snapshot(&viewer).await?;
    let listed = |room: RoomId| snapshot.ready.rooms.iter().any(|known| known.id == room);
    let unlisted: Vec<RoomId> = open.iter().map(|(id, _)| *id).filter(|id| !listed(*id)).collect();
    for id in unlisted {
        let room = rooms::show(ctx, viewer.account(), id).await.map_err(refused)?;
        snapshot.ready.rooms.push(room);
    }
    snapshot.histories = open;
    Ok(visit.app(snapshot, place.before.is_none()))
}

/// What was said in a room that the viewer is in.
async fn opened(
    ctx: &Ctx,
    viewer: &Viewer,
    id: RoomId,
    window: Window,
) -> Result<(RoomId, History), domain::Error> {
    let member = rooms::member(ctx, viewer, id).await?;
    let limit = Limit::try_from(MESSAGES).unwrap_or_default();
    Ok((id, messages::history(ctx, &member, window, limit).await?))
}

/// `GET /friends`
pub async fn friends_page(visit: Visit) -> Page {
    let viewer = visit.signed_in()?;
    let mut snapshot = visit.snapshot(&viewer).await?;
    let username = snapshot.ready.me.as_ref().map(|me| me.username.clone()).unwrap_or_default();
    snapshot.found = Some(circle(&visit, &viewer, &username).await?);
    Ok(visit.app(snapshot, true))
}

/// `GET /friends/requests`
pub async fn requests_page(visit: Visit) -> Page {
    let viewer = visit.signed_in()?;
    Ok(visit.app(visit.snapshot(&viewer).await?, true))
}

/// The friends of a friend, or one's own: the first of them.
async fn circle(
    visit: &Visit,
    viewer: &Viewer,
    username: &str,
) -> Result<Items<Profile>, Response> {
    let friends = friends::friends_of(&visit.house.ctx, viewer, username).await;
    let friends = friends.map_err(|error| visit.refused(error))?;
    let limit = Limit::try_from(CIRCLE).unwrap_or_default();
    Ok(Items::cut(friends, None, limit, |profile| profile.user.id.to_string()))
}

#[derive(Debug, Default, Deserialize)]
pub struct Done {
    /// What a form has done that leads here.
    said: Option<String>,
}

/// `GET /settings` and `/settings/{section}`
pub async fn settings(
    visit: Visit,
    section: Option<Path<String>>,
    Query(Done { said }): Query<Done>,
) -> Page {
    let viewer = visit.signed_in()?;
    let section = section.map(|Path(section)| section);
    let section = Section::named(section.as_deref()).ok_or_else(|| visit.not_here())?;
    let ctx = visit.house.ctx.clone();
    let refused = |error| visit.refused(error);
    let account = accounts::profile::own(&ctx, &viewer).await.map_err(refused)?;
    let devices = match section {
        Section::Security => accounts::sessions::list(&ctx, &viewer).await.map_err(refused)?,
        _ => Vec::new(),
    };
    let blocked = match section {
        Section::Privacy => friends::blocked(&ctx, &viewer).await.map_err(refused)?,
        _ => Vec::new(),
    };
    let is_linked = match &visit.house.provider {
        Some(provider) if section == Section::Security => {
            let linked = accounts::identities::is_linked(&ctx, &viewer, &provider.issuer).await;
            linked.map_err(refused)?
        }
        _ => false,
    };
    let now = ctx.clock().now();
    let theme = visit.theme;
    let (visit, mut form) = visit.form(None);
    form.said = said.and_then(|said| Section::said(&said));
    let title = format!("{} · Settings · Kith", section.title());
    let own = Own { account, devices, blocked, now, theme, is_linked };
    Ok(visit.plain(&title, move || view! { <Settings section own form /> }))
}

/// `POST /settings/picture`: a form with a picture, and the way back.
pub async fn set_picture(visit: Visit, request: Request) -> Page {
    let viewer = visit.signed_in()?;
    let ctx = &visit.house.ctx;
    let set = async {
        accounts::profile::expect_picture(ctx, &viewer).await?;
        let Picture(bytes) = Picture::from_request(request, &()).await?;
        accounts::profile::set_picture(ctx, &viewer, Some(bytes)).await?;
        Ok::<_, Refusal>(())
    };
    let Err(Refusal(problem)) = set.await else {
        return Ok(Redirect::to("/settings?said=picture").into_response());
    };
    let mut response = Redirect::to("/settings").into_response();
    let flash = Flash { problem: Some(problem), ..Flash::default() };
    if let Ok(cookie) = HeaderValue::from_str(&flash.set()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `POST /settings/picture/remove`
pub async fn remove_picture(visit: Visit) -> Page {
    let viewer = visit.signed_in()?;
    let removed = accounts::profile::set_picture(&visit.house.ctx, &viewer, None).await;
    removed.map_err(|error| visit.refused(error))?;
    Ok(Redirect::to("/settings?said=picture").into_response())
}

/// `GET /activity`
pub async fn activity(visit: Visit) -> Page {
    let viewer = visit.signed_in()?;
    let mut snapshot = visit.snapshot(&viewer).await?;
    let limit = Limit::try_from(CARDS).unwrap_or_default();
    let cards = notifications::list(&visit.house.ctx, &viewer, None, limit).await;
    snapshot.cards = Some(cards.map_err(|error| visit.refused(error))?);
    Ok(visit.app(snapshot, true))
}

#[derive(Debug, Default, Deserialize)]
pub struct Search {
    #[serde(default)]
    query: String,
}

/// `GET /people?query=`
pub async fn people(visit: Visit, Query(search): Query<Search>) -> Page {
    let viewer = visit.signed_in()?;
    let mut snapshot = visit.snapshot(&viewer).await?;
    let ctx = &visit.house.ctx;
    let limit = Limit::try_from(FOUND).unwrap_or_default();
    match friends::search(ctx, &viewer, &search.query, None, limit).await {
        Ok(found) => snapshot.found = Some(found),
        Err(error @ (domain::Error::Invalid { .. } | domain::Error::RateLimited { .. })) => {
            snapshot.problem = Some(error.problem());
            snapshot.found = Some(Items { items: Vec::new(), next: None });
        }
        Err(error) => return Err(visit.refused(error)),
    }
    Ok(visit.app(snapshot, true))
}

/// `GET /people/{username}`; public.
pub async fn person(visit: Visit, Path(username): Path<String>) -> Page {
    let ctx = &visit.house.ctx;
    let refused = |error| visit.refused(error);
    let profile =
        presence::profile(ctx, visit.viewer.as_ref(), &username).await.map_err(refused)?;
    let Some(viewer) = visit.viewer else {
        let title = format!("@{} · Kith", profile.user.username);
        return Ok(visit.plain(&title, move || view! { <PublicProfile profile /> }));
    };
    let mut snapshot = visit.snapshot(&viewer).await?;
    if matches!(profile.relation, Some(Relation::Friend | Relation::Myself)) {
        snapshot.found = Some(circle(&visit, &viewer, &username).await?);
    }
    snapshot.person = Some(profile);
    Ok(visit.app(snapshot, true))
}

/// What is at no address.
pub async fn nowhere(
    State(house): State<House>,
    ConnectInfo(_): ConnectInfo<SocketAddr>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let wants_page = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")));
    if uri.path().starts_with("/api/") || !wants_page {
        return Refusal(Problem::not_found()).into_response();
    }
    Visit::astray(house, uri).not_here()
}
