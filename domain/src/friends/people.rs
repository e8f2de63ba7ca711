//! Finding people, and what one sees of them.

use protocol::{
    Items, Limit, User,
    friends::{Profile, Relation},
};
use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*, sea_query::ExprTrait as _};

use super::{friends, relation};
use crate::{
    Ctx, Error, Result, Viewer,
    accounts::{self, entity as account},
    limits::Rule,
};

/// The fewest characters that find anybody.
const SHORTEST_QUERY: usize = 2;
const LONGEST_QUERY: usize = 64;

/// A person's public profile; with how they stand to the viewer, where somebody is signed in.
///
/// # Errors
/// `NotFound` where nobody has the name.
pub async fn profile(ctx: &Ctx, viewer: Option<&Viewer>, username: &str) -> Result<Profile> {
    let user = accounts::by_username(ctx, username).await?;
    let conn = ctx.db.read();
    let email = accounts::profile::shown_email(ctx, &user.username).await?;
    let Some(viewer) = viewer else {
        return Ok(Profile { email, ..Profile::of(user) });
    };
    let me = viewer.account();
    let (relation, open) = relation::between(conn, me, user.id).await?;
    let common = match relation {
        Relation::Myself | Relation::Blocked => None,
        _ => Some(relation::common(conn, me, [user.id]).await?.remove(&user.id).unwrap_or(0)),
    };
    Ok(Profile {
        user,
        relation: Some(relation),
        request: open.map(|row| row.id),
        email,
        common_friends: common,
    })
}

/// People whose username or display name begins with `query`, by username.
///
/// # Errors
/// `Invalid` where the query is shorter than 2 characters, or much too long; `RateLimited`.
pub async fn search(
    ctx: &Ctx,
    viewer: &Viewer,
    query: &str,
    cursor: Option<&str>,
    limit: Limit,
) -> Result<Items<Profile>> {
    ctx.limits().take_for(Rule::Search, viewer.account()).await?;
    let query = query.trim().to_lowercase();
    let length = query.chars().count();
    if length < SHORTEST_QUERY {
        return Err(Error::invalid("query", "Type at least 2 characters of a name."));
    }
    if length > LONGEST_QUERY {
        return Err(Error::invalid("query", "Names are shorter than that."));
    }
    if query.contains('\0') || cursor.is_some_and(|cursor| cursor.contains('\0')) {
        return Err(Error::invalid("query", "No name has the character NUL."));
    }
    // A range of the index instead of LIKE, which would read % and _ in what was typed.
    let end = format!("{query}\u{10FFFF}");
    let begins = |column: account::Column| column.gte(query.as_str()).and(column.lt(end.as_str()));
    let conn = ctx.db.read();
    let mut find = account::Entity::find()
        .filter(begins(account::Column::Username).or(begins(account::Column::DisplayKey)))
        .filter(account::Column::DeletedAt.is_null())
        .order_by_asc(account::Column::Username)
        .limit(limit.get() + 1);
    if let Some(cursor) = cursor {
        find = find.filter(account::Column::Username.gt(cursor));
    }
    let mut people: Vec<User> = find.all(conn).await?.into_iter().map(User::from).collect();
    let more = people.len() as u64 > limit.get();
    people.truncate(limit.get() as usize);
    let next = people.last().filter(|_| more).map(|user| user.username.clone());
    let mut relations = relation::among(conn, viewer.account(), &people).await?;
    let ids: Vec<_> = people.iter().map(|user| user.id).collect();
    let common = relation::common(conn, viewer.account(), ids).await?;
    let items = people.into_iter().map(|user| {
        let (relation, open) = relations.remove(&user.id).unwrap_or((Relation::None, None));
        let common_friends = common.get(&user.id).copied().filter(|count| *count > 0);
        let request = open.map(|row| row.id);
        Profile { relation: Some(relation), request, common_friends, ..Profile::of(user) }
    });
    Ok(Items { items: items.collect(), next })
}

/// The friends of a friend, or one's own, by display name, with how they stand to the viewer and how
/// many friends the two share: common ones are marked.
///
/// # Errors
/// `NotFound` where nobody has the name, or the two are no friends.
pub async fn friends_of(ctx: &Ctx, viewer: &Viewer, username: &str) -> Result<Vec<Profile>> {
    let user = accounts::by_username(ctx, username).await?;
    let me = viewer.account();
    if user.id != me && !relation::are_friends(ctx.db.read(), me, user.id).await? {
        return Err(Error::NotFound);
    }
    let people = friends(ctx, user.id).await?;
    let conn = ctx.db.read();
    let mut relations = relation::among(conn, me, &people).await?;
    let common = relation::common(conn, me, people.iter().map(|user| user.id)).await?;
    let profile = |user: User| {
        let (relation, open) = relations.remove(&user.id).unwrap_or((Relation::None, None));
        let request = open.map(|row| row.id);
        let common_friends = common.get(&user.id).copied().filter(|count| *count > 0);
        // When they were here last is for friends of their own.
        Profile {
            relation: Some(relation),
            request,
            common_friends,
            ..Profile::of(User { last_seen: None, ..user })
        }
    };
    Ok(people.into_iter().map(profile).collect())
}
