//! What becomes of a card: which events make one, and which change one in place. What somebody did
//! themselves is in their list, and read.

use protocol::{AccountId, MessageId, NotificationId, RequestId, RoomId, notifications::Kind};
use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::ExprTrait as _};

use super::entity;
use crate::{Result, accounts::entity as account, bus::Change, db::Tx, followers::Request};

/// As many of an account's are kept.
const KEPT: i64 = 1_000;

/// What a card says.
#[derive(Clone, Copy)]
struct Card {
    kind: Kind,
    actor: AccountId,
    /// The request that it is about, and whether it was the account's own.
    request: Option<(RequestId, bool)>,
    is_read: bool,
    /// The message that it is about.
    message: Option<(RoomId, MessageId)>,
}

/// Somebody is mentioned in a message.
pub(crate) async fn mentioned(
    tx: &mut Tx,
    account: AccountId,
    by: AccountId,
    room: RoomId,
    message: MessageId,
) -> Result<()> {
    let card = Card {
        kind: Kind::Mention,
        actor: by,
        request: None,
        is_read: false,
        message: Some((room, message)),
    };
    tell(tx, account, card).await
}

pub(crate) async fn asked(tx: &mut Tx, request: Request) -> Result<()> {
    let Request { id, sender, recipient } = request;
    let card = Card {
        kind: Kind::FriendRequest,
        actor: sender,
        request: Some((id, false)),
        is_read: false,
        message: None,
    };
    tell(tx, recipient, card).await
}

/// The recipient's card changes, the sender gets one; and both get one that they are friends.
pub(crate) async fn befriended(tx: &mut Tx, request: Request) -> Result<()> {
    let Request { sender, recipient, .. } = request;
    answered(tx, request, Kind::FriendAccepted).await?;
    let friends =
        |actor, is_read| Card { kind: Kind::Friends, actor, request: None, is_read, message: None };
    tell(tx, sender, friends(recipient, false)).await?;
    tell(tx, recipient, friends(sender, true)).await
}

pub(crate) async fn declined(tx: &mut Tx, request: Request) -> Result<()> {
    answered(tx, request, Kind::FriendDeclined).await
}

async fn answered(tx: &mut Tx, request: Request, kind: Kind) -> Result<()> {
    let Request { id, sender, recipient } = request;
    turn(tx, recipient, id, kind, true).await?;
    let card =
        Card { kind, actor: recipient, request: Some((id, true)), is_read: false, message: None };
    tell(tx, sender, card).await
}

/// The recipient's card changes and is unread again; the sender gets one.
pub(crate) async fn withdrawn(tx: &mut Tx, request: Request) -> Result<()> {
    let Request { id, sender, recipient } = request;
    turn(tx, recipient, id, Kind::FriendCancelled, false).await?;
    let card = Card {
        kind: Kind::FriendCancelled,
        actor: recipient,
        request: Some((id, true)),
        is_read: true,
        message: None,
    };
    tell(tx, sender, card).await
}

pub(crate) async fn unfriended(tx: &mut Tx, by: AccountId, other: AccountId) -> Result<()> {
    let removed = |actor, is_read| Card {
        kind: Kind::FriendRemoved,
        actor,
        request: None,
        is_read,
        message: None,
    };
    tell(tx, other, removed(by, false)).await?;
    tell(tx, by, removed(other, true)).await
}

/// What the first was told of the second goes; what the second was told stays.
pub(crate) async fn forget_between(tx: &mut Tx, by: AccountId, other: AccountId) -> Result<()> {
    let cards = entity::Column::AccountId.eq(by).and(entity::Column::ActorId.eq(other));
    remove(tx, by, cards).await?;
    // A request to them that was still open is not there any more.
    let asked = entity::Column::AccountId
        .eq(other)
        .and(entity::Column::ActorId.eq(by))
        .and(entity::Column::Kind.eq(Kind::FriendRequest));
    remove(tx, other, asked).await
}

/// Everything that an account was told goes with it.
pub(crate) async fn forget(tx: &mut Tx, account: AccountId) -> Result<()> {
    let theirs = entity::Column::AccountId.eq(account);
    entity::Entity::delete_many().filter(theirs).exec(tx.conn()).await?;
    Ok(())
}

async fn remove(
    tx: &mut Tx,
    account: AccountId,
    cards: sea_orm::sea_query::SimpleExpr,
) -> Result<()> {
    if entity::Entity::delete_many().filter(cards).exec(tx.conn()).await?.rows_affected > 0 {
        // Nothing was read; how many are unread is told anew.
        tx.emit(Change::NotificationsRead { account, up_to: 0 });
    }
    Ok(())
}

/// A new card.
async fn tell(tx: &mut Tx, to: AccountId, card: Card) -> Result<()> {
    let seq = next(tx, to).await?;
    let id = tx.new_id(NotificationId::new);
    let row = entity::ActiveModel {
        id: Set(id),
        account_id: Set(to),
        seq: Set(seq),
        kind: Set(card.kind),
        actor_id: Set(card.actor),
        own: Set(card.request.is_some_and(|(_, own)| own)),
        request_id: Set(card.request.map(|(id, _)| id)),
        room_id: Set(card.message.map(|(room, _)| room)),
        message_id: Set(card.message.map(|(_, message)| message)),
        created_at: Set(tx.now()),
        read_at: Set(card.is_read.then_some(tx.now())),
    };
    entity::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    tx.emit(Change::Notified { account: to, id });
    Ok(())
}

/// The card of a request that somebody was sent says something else from here on.
async fn turn(
    tx: &mut Tx,
    account: AccountId,
    request: RequestId,
    kind: Kind,
    is_read: bool,
) -> Result<()> {
    let found = entity::Entity::find()
        .filter(entity::Column::RequestId.eq(request))
        .filter(entity::Column::AccountId.eq(account))
        .one(tx.conn())
        .await?;
    // Too old, or from before there were any.
    let Some(row) = found else { return Ok(()) };
    let seq = next(tx, account).await?;
    let turned = entity::ActiveModel {
        id: Set(row.id),
        seq: Set(seq),
        kind: Set(kind),
        created_at: Set(tx.now()),
        read_at: Set(is_read.then_some(tx.now())),
        ..Default::default()
    };
    entity::Entity::update(turned).exec(tx.conn()).await?;
    tx.emit(Change::Notified { account, id: row.id });
    Ok(())
}

/// The account's next number; old cards make room. The account's row keeps two from taking the same.
async fn next(tx: &Tx, id: AccountId) -> Result<i64> {
    account::Entity::update_many()
        .col_expr(account::Column::NotifiedSeq, Expr::col(account::Column::NotifiedSeq).add(1_i64))
        .filter(account::Column::Id.eq(id))
        .exec(tx.conn())
        .await?;
    let row = account::Entity::find_by_id(id).one(tx.conn()).await?;
    let seq = row.map_or(1, |row| row.notified_seq);
    if seq > KEPT && seq % 64 == 0 {
        let old = entity::Column::AccountId.eq(id).and(entity::Column::Seq.lte(seq - KEPT));
        entity::Entity::delete_many().filter(old).exec(tx.conn()).await?;
    }
    Ok(seq)
}
