//! The connection: one WebSocket that comes back by itself, says what the page has, and hands
//! every event to the world.

use futures_channel::mpsc;
use futures_util::{SinkExt, StreamExt, future::Either};
use gloo_net::websocket::{Message as Frame, WebSocketError, futures::WebSocket};
use leptos::{prelude::*, task::spawn_local};
use protocol::{
    Command, Event, Message, Room, RoomId,
    rooms::Notify,
    socket::{SUBPROTOCOL, close},
};

use super::{Link, Live, world::World};
use crate::browser;

/// How long a break lasts before the page says so.
const SAY_SO_AFTER_MS: u32 = 5_000;
/// How long the good news stays.
const BACK_FOR_MS: u32 = 2_500;
/// Asks for a sign of life after this much silence …
const PING_AFTER_MS: u32 = 25_000;
/// … and gives the connection up when none came in this time.
const SILENT_FOR_MS: u32 = 10_000;
/// What is not available now is tried again after this time.
const RETRY_MS: u32 = 1_000;

/// How a connection ended.
enum End {
    /// The session is over: only signing in helps.
    SignedOut,
    Lost {
        /// It had been live.
        was_live: bool,
        /// The server said when to come back, in milliseconds.
        come_back_ms: Option<u32>,
    },
}

/// Connects, and stays connected for as long as the page lives.
pub fn start(live: Live) {
    live.restore_outbox();
    spawn_local(async move {
        let mut attempt = 0;
        say_so_if_it_lasts(live);
        loop {
            let end = connection(live).await;
            live.disconnected();
            let (was_live, come_back_ms) = match end {
                End::SignedOut => return browser::sign_in_again(),
                End::Lost { was_live, come_back_ms } => (was_live, come_back_ms),
            };
            if was_live {
                attempt = 0;
                say_so_if_it_lasts(live);
            } else if !live.peek(World::is_visitor) && browser::fetch::is_signed_out().await {
                return browser::sign_in_again();
            }
            let wait = come_back_ms.unwrap_or_else(|| {
                let longest = (500.0 * 1.5_f64.powi(attempt)).min(30_000.0);
                (browser::random_fraction() * longest) as u32
            });
            attempt += 1;
            browser::until_online_or(wait).await;
        }
    });
}

fn say_so_if_it_lasts(live: Live) {
    spawn_local(async move {
        live.link.set(Link::Quiet);
        let lost = live.state.with_value(|state| state.uplink.is_none());
        browser::sleep(SAY_SO_AFTER_MS).await;
        if lost && live.state.with_value(|state| state.uplink.is_none()) {
            live.link.set(Link::Away);
        }
    });
}

async fn connection(live: Live) -> End {
    let lost = |was_live| End::Lost { was_live, come_back_ms: None };
    let looked_at = live.peek(World::looked_at);
    let url = browser::socket_url(looked_at);
    let Ok(socket) = WebSocket::open_with_protocol(&url, SUBPROTOCOL) else {
        return lost(false);
    };
    let (mut up, mut down) = socket.split();
    let (commands, mut outgoing) = mpsc::unbounded::<Command>();
    spawn_local(async move {
        while let Some(command) = outgoing.next().await {
            let Ok(text) = serde_json::to_string(&command) else { continue };
            if up.send(Frame::Text(text)).await.is_err() {
                return;
            }
        }
        let _ = up.close().await;
    });
    let mut was_live = false;
    let mut pinged = false;
    let mut come_back_ms = None;
    loop {
        let patience = if pinged { SILENT_FOR_MS } else { PING_AFTER_MS };
        let silence = std::pin::pin!(browser::sleep(patience));
        let frame = match futures_util::future::select(down.next(), silence).await {
            Either::Left((frame, _)) => frame,
            Either::Right(_) if pinged => return lost(was_live),
            Either::Right(_) => {
                pinged = true;
                let _ = commands.unbounded_send(Command::Ping { n: 0 });
                continue;
            }
        };
        pinged = false;
        let text = match frame {
            Some(Ok(Frame::Text(text))) => text,
            Some(Ok(Frame::Bytes(_))) => continue,
            Some(Err(WebSocketError::ConnectionClose(closed)))
                if closed.code == close::SESSION_OVER =>
            {
                return End::SignedOut;
            }
            _ => return End::Lost { was_live, come_back_ms },
        };
        let Ok(event) = Event::read(&text) else { continue };
        match &event {
            // Somebody else has signed in here meanwhile: nothing of this page is theirs.
            Event::Ready(ready)
                if ready
                    .me
                    .as_ref()
                    .is_some_and(|me| live.peek(|world| world.me().id != me.id)) =>
            {
                return End::SignedOut;
            }
            Event::Ready(ready) => {
                was_live = true;
                live.apply(&event);
                resume(live, &commands);
                let sender = commands.clone();
                live.connected(Box::new(move |command| {
                    let _ = sender.unbounded_send(command);
                }));
                live.send_due();
                back(live);
                if let Some(next) = ready.next.clone() {
                    spawn_local(rest_of_rooms(live, next));
                }
                continue;
            }
            Event::Bye { reconnect_after_ms, .. } => {
                come_back_ms = u32::try_from(*reconnect_after_ms).ok();
            }
            // Something without a number was lost: only a new `ready` says what is so.
            Event::Gap { room: None, .. } => {
                live.apply(&event);
                return End::Lost { was_live, come_back_ms: Some(0) };
            }
            Event::Gap { room: Some(room), .. } => spawn_local(load_room(live, *room)),
            Event::Refused { code, retry_after_ms, .. } if code.passes() => {
                let wait = retry_after_ms.and_then(|wait| u32::try_from(wait).ok());
                live.apply_later(event.clone(), wait.unwrap_or(RETRY_MS));
                continue;
            }
            Event::Typing { room, user } => {
                live.apply(&event);
                live.show_typing(*room, *user);
                continue;
            }
            _ => {}
        }
        if let Event::Message { message } = &event {
            notify(live, message);
            // One of the many rooms that are not loaded yet, and is not where it was among them.
            if live.peek(|world| world.is_unheard_of(message.room)) {
                spawn_local(load_room(live, message.room));
            }
        }
        let holes_before = live.peek(|world| world.behind());
        live.apply(&event);
        let hole = live.peek(|world| world.behind());
        // A hole that was not there: something on the way got lost, so ask for it.
        if matches!(event, Event::Message { .. } | Event::MessageChanged { .. })
            && hole.keys().any(|room| !holes_before.contains_key(room))
        {
            resume(live, &commands);
        }
    }
}

/// A message of the system for what others say while nobody looks.
fn notify(live: Live, message: &Message) {
    let known = live.peek(|world| {
        let (room, me) = (world.room(message.room)?, world.me().id);
        let is_new = message.is_passing() || message.seq > room.last_seq;
        let is_wanted = match room.notify {
            Some(Notify::None) => false,
            Some(Notify::Mentions) => message.mentions.contains(&me),
            _ => true,
        };
        let is_hidden = message.author.id == me || world.blocked().contains(&message.author.id);
        (is_new && is_wanted && !is_hidden).then(|| room.name.clone())
    });
    let Some(room) = known else { return };
    let author = &message.author.display_name;
    let title = if *author == room { room } else { format!("{author} · {room}") };
    let address = format!("/rooms/{}", message.room);
    browser::notice::show(&title, &message.body, &message.id.to_string(), move || {
        live.go_to(&address);
    });
}

/// Says what the page has; sent even if that is all there is.
fn resume(live: Live, commands: &mpsc::UnboundedSender<Command>) {
    let rooms = live.peek(|world| world.behind());
    let _ = commands.unbounded_send(Command::Resume { epoch: None, rooms, notifications: 0 });
}

fn back(live: Live) {
    if live.link.get_untracked() == Link::Away {
        live.link.set(Link::Back);
        spawn_local(async move {
            browser::sleep(BACK_FOR_MS).await;
            if live.link.get_untracked() == Link::Back {
                live.link.set(Link::Quiet);
            }
        });
    } else {
        live.link.set(Link::Quiet);
    }
}

/// The rooms beyond those of `ready`, for as long as this connection lasts.
async fn rest_of_rooms(live: Live, mut cursor: String) {
    let connection = live.connections.get_untracked();
    while live.connections.get_untracked() == connection {
        let path = format!("/api/v1/rooms?limit=100&cursor={cursor}");
        let Ok(page) = browser::fetch::get::<protocol::Items<Room>>(&path).await else {
            browser::sleep(RETRY_MS).await;
            continue;
        };
        for room in page.items {
            live.apply(&Event::Room { room });
        }
        match page.next {
            Some(next) => cursor = next,
            None => return,
        }
    }
}

async fn load_room(live: Live, room: RoomId) {
    if let Ok(room) = browser::fetch::get::<Room>(&format!("/api/v1/rooms/{room}")).await {
        live.apply(&Event::Room { room });
    }
}

impl Live {
    /// Back to the queue, and tried again a little later.
    fn apply_later(self, refused: Event, wait_ms: u32) {
        spawn_local(async move {
            browser::sleep(wait_ms).await;
            self.apply(&refused);
        });
    }
}
