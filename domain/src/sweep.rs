//! What the house lets go of by itself, every minute: what rooms keep no longer, sessions that are over,
//! ids of what was said in passing.

use std::{sync::Weak, time::Duration};

use crate::{Ctx, accounts::sessions, messages};

const EVERY: Duration = Duration::from_secs(60);

/// Looks again and again, for as long as the house is open.
pub(crate) fn start(ctx: Ctx, open: Weak<()>) {
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(EVERY);
        while open.strong_count() > 0 {
            ticks.tick().await;
            ctx.passing.tidy(ctx.clock.now());
            if let Err(error) = sessions::forget_old(&ctx).await {
                tracing::warn!(%error, "sessions that are over go later");
            }
            if let Err(error) = messages::expire(&ctx).await {
                tracing::warn!(%error, "what is too old goes later");
            }
        }
    });
}
