//! Friendship: each answers how the two stand to each other now.

use leptos::prelude::*;
use protocol::{RequestId, friends::FriendState};

use super::Failure;

/// Asks somebody to be friends; asking who has asked accepts.
#[server(prefix = "/fn", endpoint = "friends/ask")]
pub async fn ask(username: String) -> Result<FriendState, Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let asked = domain::friends::ask(&ctx, &viewer, &username).await?;
    Ok(domain::friends::state(&ctx, viewer.account(), asked.other()).await?)
}

#[server(prefix = "/fn", endpoint = "friends/accept")]
pub async fn accept(request: RequestId) -> Result<FriendState, Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let other = domain::friends::accept(&ctx, &viewer, request).await?;
    Ok(domain::friends::state(&ctx, viewer.account(), other).await?)
}

#[server(prefix = "/fn", endpoint = "friends/decline")]
pub async fn decline(request: RequestId) -> Result<FriendState, Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let other = domain::friends::decline(&ctx, &viewer, request).await?;
    Ok(domain::friends::state(&ctx, viewer.account(), other).await?)
}

#[server(prefix = "/fn", endpoint = "friends/withdraw")]
pub async fn withdraw(request: RequestId) -> Result<FriendState, Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let other = domain::friends::withdraw(&ctx, &viewer, request).await?;
    Ok(domain::friends::state(&ctx, viewer.account(), other).await?)
}

#[server(prefix = "/fn", endpoint = "friends/unfriend")]
pub async fn unfriend(username: String) -> Result<FriendState, Failure> {
    let (ctx, viewer) = super::signed_in()?;
    let other = domain::friends::unfriend(&ctx, &viewer, &username).await?;
    Ok(domain::friends::state(&ctx, viewer.account(), other).await?)
}
