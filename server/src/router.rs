//! Every address, on one screen.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{delete, get, post, put},
};

use domain::uploads::MAX_BYTES;

use crate::{
    assets, gateway, headers, metrics, origin, pages, problem, provider,
    rest::{accounts, friends, health, invites, messages, notifications, pictures, rooms},
    room_pages,
    serve::House,
    server_fns,
};

/// The largest JSON body, in bytes.
const BODY: usize = 64 * 1024;

/// The largest picture, with room for what a form says around it.
fn picture() -> DefaultBodyLimit {
    DefaultBodyLimit::max(MAX_BYTES + 16 * 1024)
}

pub fn router(house: House) -> Router {
    let api = Router::new()
        .route("/accounts", post(accounts::sign_up))
        .route("/sessions", get(accounts::devices).post(accounts::sign_in))
        .route("/sessions/{id}", delete(accounts::sign_out))
        .route("/password-resets", post(accounts::request_reset))
        .route("/password-resets/{token}", post(accounts::reset_password))
        .route("/me", get(accounts::me).patch(accounts::change_me).delete(accounts::delete))
        .route(
            "/me/avatar",
            put(accounts::set_picture).delete(accounts::remove_picture).layer(picture()),
        )
        .route("/me/password", post(accounts::change_password))
        .route("/me/export", get(accounts::export))
        .route("/password-strength", post(accounts::strength))
        .route("/challenge", get(accounts::challenge))
        .route("/users", get(accounts::search))
        .route("/users/{username}", get(accounts::show))
        .route("/users/{username}/friends", get(accounts::friends_of))
        .route("/friends", get(friends::list))
        .route("/friends/{username}", delete(friends::unfriend))
        .route("/friend-requests", get(friends::requests).post(friends::ask))
        .route("/friend-requests/{id}", delete(friends::withdraw))
        .route("/friend-requests/{id}/accept", post(friends::accept))
        .route("/friend-requests/{id}/decline", post(friends::decline))
        .route("/blocks", get(friends::blocked))
        .route("/blocks/{username}", put(friends::block).delete(friends::unblock))
        .route("/notifications", get(notifications::list))
        .route("/notifications/read", put(notifications::read))
        .route("/direct/{username}", put(rooms::direct))
        .route("/rooms", get(rooms::list).post(rooms::create))
        .route("/rooms/public", get(rooms::directory))
        .route("/rooms/{id}", get(rooms::show).patch(rooms::change).delete(rooms::delete))
        .route("/rooms/{id}/log", get(rooms::log))
        .route("/rooms/{id}/receipt", get(rooms::receipt))
        .route("/rooms/{id}/bans/{username}", put(rooms::ban).delete(rooms::unban))
        .route("/rooms/{id}/mutes/{username}", put(rooms::mute).delete(rooms::unmute))
        .route("/rooms/{id}/invites", get(invites::list).post(invites::create))
        .route("/rooms/{id}/invites/{code}", delete(invites::end))
        .route("/invites/{code}", get(invites::show).post(invites::accept))
        .route("/rooms/{id}/read", put(rooms::read))
        .route("/rooms/{id}/members", get(rooms::members))
        .route(
            "/rooms/{id}/members/me",
            put(rooms::join).patch(rooms::set_notify).delete(rooms::leave),
        )
        .route("/rooms/{id}/members/{username}", put(rooms::add).delete(rooms::remove))
        .route("/rooms/{id}/messages", get(messages::list).post(messages::post))
        .route(
            "/rooms/{id}/messages/{message}",
            get(messages::show).put(messages::put).patch(messages::edit).delete(messages::delete),
        )
        .route("/rooms/{id}/messages/{message}/restore", post(messages::restore))
        .route("/rooms/{id}/messages/{message}/history", get(messages::history))
        .route(
            "/rooms/{id}/messages/{message}/reactions/{emoji}",
            put(messages::react).delete(messages::unreact),
        )
        .route("/socket", get(gateway::open))
        .layer(DefaultBodyLimit::max(BODY))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed);

    let pages = Router::new()
        .route("/", get(pages::home))
        .route("/sign-in", get(pages::sign_in))
        .route("/sign-in/provider", get(provider::begin))
        .route("/sign-in/provider/callback", get(provider::callback))
        .route("/sign-in/provider/name", get(provider::name).post(provider::choose_name))
        .route("/sign-up", get(pages::sign_up))
        .route("/forgotten", get(pages::forgotten))
        .route("/reset/{token}", get(pages::reset))
        .route("/confirm/{token}", get(pages::confirm))
        .route("/rooms", get(room_pages::directory))
        .route("/rooms/new", get(room_pages::new))
        .route("/rooms/{id}", get(pages::room))
        .route("/rooms/{id}/settings", get(room_pages::settings))
        .route("/invite/{code}", get(room_pages::invite))
        .route("/friends", get(pages::friends_page))
        .route("/friends/requests", get(pages::requests_page))
        .route("/activity", get(pages::activity))
        .route("/settings", get(pages::settings))
        .route("/settings/{section}", get(pages::settings))
        .route("/settings/picture", post(pages::set_picture).layer(picture()))
        .route("/settings/picture/remove", post(pages::remove_picture))
        .route("/settings/provider/unlink", post(provider::unlink))
        .route("/people", get(pages::people))
        .route("/people/{username}", get(pages::person))
        .fallback(pages::nowhere);

    let files = Router::new()
        .route("/pkg/{*path}", get(assets::pkg))
        .route("/fonts/{*path}", get(assets::serve_font))
        .route("/pictures/{id}/{size}", get(pictures::show))
        .route("/icon.svg", get(assets::root))
        .route("/icon-180.png", get(assets::root))
        .route("/icon-512.png", get(assets::root))
        .route("/favicon.ico", get(assets::favicon))
        .route("/entry.js", get(assets::root))
        .route("/settings.js", get(assets::root))
        .route("/code.js", get(assets::root))
        .route("/manifest.webmanifest", get(assets::root))
        .route("/robots.txt", get(assets::root));

    let all = Router::new()
        .nest("/api/v1", api)
        .route("/fn/{*name}", post(server_fns::call))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .merge(files)
        .merge(pages)
        .layer(from_fn(problem::in_time))
        .layer(from_fn_with_state(house.clone(), origin::guard))
        .layer(from_fn(headers::set))
        .with_state(house.clone());
    if house.is_measured { all.layer(from_fn(metrics::count_request)) } else { all }
}
