//! The words that server, page and every other client share: ids, parsed texts, requests,
//! answers, events and the error a client sees. No I/O and no clock; it builds to WASM.

pub mod accounts;
pub mod friends;
mod id;
pub mod json;
pub mod markdown;
pub mod messages;
pub mod notifications;
mod page;
mod problem;
pub mod rooms;
pub mod socket;
mod text;
mod time;

pub use accounts::User;
pub use id::{
    AccountId, LetterId, MessageId, NotificationId, PictureId, RequestId, RoomId, SessionId,
};
pub use messages::Message;
pub use page::{Items, Limit};
pub use problem::{Code, Problem};
pub use rooms::Room;
pub use socket::{Command, Event};
pub use text::{Body, DisplayName, Email, Login, Password, RoomName, TextError, Topic, Username};
pub use time::{ParseTimestampError, Timestamp};
