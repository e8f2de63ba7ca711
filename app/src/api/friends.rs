//! Friendship.

use leptos::prelude::*;
use protocol::friends::{FriendState, Step};

use super::Failure;

/// Asks, accepts, declines, takes back or unfriends; answers how the two stand to each other then.
/// One function for all five, since each is a form with a person and a button.
#[server(prefix = "/fn", endpoint = "friends/step")]
pub async fn take_step(username: String, step: Step) -> Result<FriendState, Failure> {
    let (ctx, viewer) = super::signed_in()?;
    Ok(domain::friends::step(&ctx, &viewer, &username, step).await?)
}
