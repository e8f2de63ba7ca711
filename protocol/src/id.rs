//! Ids: UUIDs in lowercase text, each noun with a type of its own so that one is never taken for
//! another.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "orm", derive(sea_orm::DeriveValueType))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The id that a time and chance make: a UUID of version 7, with ten of the random bytes.
            pub fn new(unix_ms: i64, random: [u8; 16]) -> Self {
                let mut tail = [0; 10];
                tail.copy_from_slice(&random[..10]);
                let ms = u64::try_from(unix_ms).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(ms, &tail).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A person's account; it stays theirs for ever.
    AccountId,
    /// A signed-in device.
    SessionId,
    /// A friend request.
    RequestId,
    /// A picture in all its sizes; another one has another id.
    PictureId,
    /// A letter on its way.
    LetterId,
    /// Something that somebody was told of.
    NotificationId,
    /// A room of any kind.
    RoomId,
    /// A message, unique in its room; chosen by who sends it.
    MessageId,
}

#[cfg(feature = "orm")]
mod orm {
    use super::*;

    macro_rules! keys {
        ($($name:ident),*) => {$(
            impl sea_orm::TryFromU64 for $name {
                fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                    Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
                }
            }
        )*};
    }

    keys!(AccountId, SessionId, RequestId, PictureId, NotificationId, RoomId, MessageId);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_of_version_7_in_lowercase_text() {
        let id = RoomId::new(1_700_000_000_000, [0xAB; 16]);
        assert_eq!(id.0.get_version_num(), 7);
        assert_eq!(id.to_string(), id.to_string().to_lowercase());
        assert_eq!(id.to_string().parse::<RoomId>().unwrap(), id);
    }
}
