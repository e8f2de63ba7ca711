//! Server functions: each one domain call, behind a form that also works without JavaScript.
//!
//! Their addresses are written out, so that a tab from before an upgrade still finds them. What
//! fails comes back as a [`Failure`]; `server` gives it its HTTP status, or leads a plain form back
//! to its page.

pub mod accounts;
pub mod friends;
pub mod messages;
pub mod rooms;
#[cfg(feature = "ssr")]
pub mod session_cookie;

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use protocol::{Code, Problem};
use serde::{Deserialize, Serialize};

/// Why a server function did nothing.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Failure(pub Problem);

impl FromServerFnError for Failure {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self(match error {
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => {
                Problem::malformed("This form was not filled in as Kith expects it.")
            }
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => {
                Problem::new(Code::Unavailable, "Kith cannot be reached. Try again in a moment.")
            }
            _ => Problem::new(Code::Unknown, "Something went wrong. Try again in a moment."),
        })
    }
}

#[cfg(feature = "ssr")]
pub use on_the_server::{Caller, signed_in};

#[cfg(feature = "ssr")]
mod on_the_server {
    use std::net::IpAddr;

    use domain::{Ctx, Error, Viewer, accounts::sessions::Device};
    use leptos::prelude::use_context;
    use protocol::{Code, Problem, TextError};

    use super::{Failure, session_cookie::SessionCookie};

    /// Who calls a server function, and with what. `server` puts it into the context.
    #[derive(Clone)]
    pub struct Caller {
        pub ctx: Ctx,
        pub viewer: Option<Viewer>,
        pub user_agent: Option<String>,
        /// From where they call.
        pub address: IpAddr,
        pub cookie: SessionCookie,
    }

    impl Caller {
        pub(super) fn device(&self) -> Device<'_> {
            Device { user_agent: self.user_agent.as_deref(), address: Some(self.address) }
        }

        pub(super) fn here() -> Result<Self, Failure> {
            let missing = || Failure(Problem::new(Code::Unknown, "Something went wrong here."));
            use_context().ok_or_else(missing)
        }
    }

    /// The caller, where somebody is signed in.
    ///
    /// # Errors
    /// `unauthenticated` where nobody is.
    pub fn signed_in() -> Result<(Ctx, Viewer), Failure> {
        let caller = Caller::here()?;
        let viewer = caller.viewer.ok_or_else(|| Failure(Problem::unauthenticated()))?;
        Ok((caller.ctx, viewer))
    }

    impl From<Error> for Failure {
        fn from(error: Error) -> Self {
            if error.is_fault() {
                tracing::error!(%error, "a server function failed");
            }
            Self(error.problem())
        }
    }

    impl Failure {
        /// A text that was refused, and the field it was typed into.
        pub(super) fn in_field(field: &'static str) -> impl FnOnce(TextError) -> Self {
            move |TextError(sentence)| Self(Problem::invalid(field, sentence))
        }
    }
}
