//! `kith seed`: a lively demo house, made by real actions.

use domain::{
    Ctx, Viewer,
    accounts::{
        self,
        sessions::{self, Device},
    },
    friends, messages, rooms,
};
use protocol::{
    Body, DisplayName, MessageId, Password, Username, accounts::SignUp, messages::Draft,
};

use crate::{
    admin::say,
    config,
    house::{self, Outcome},
};

/// Everyone's password in the demo house.
const PASSWORD: &str = "demo house";

const PEOPLE: [(&str, &str); 7] = [
    ("you", "Robin Vale"),
    ("mara", "Mara Lindqvist"),
    ("sol", "Sol Reyes"),
    ("jun", "Jun Park"),
    ("theo", "Theo Okafor"),
    ("lena", "Lena Vogel"),
    ("amir", "Amir Sato"),
];

/// Who says what in their chat with the first of the people.
const TALK: [(&str, &[(&str, &str)]); 4] = [
    (
        "sol",
        &[
            ("sol", "The tomatoes made it through the frost. All of them."),
            ("you", "All of them? Even the ones by the gate?"),
            ("sol", "Even those. I put the old curtains over them."),
        ],
    ),
    (
        "jun",
        &[
            (
                "jun",
                "Then we can set the date. I wrote the watering rota as a script, because of course I did:",
            ),
            ("jun", "for day in week {\n    bed[day % 4].water(\"morning\");  // not at noon\n}"),
            ("you", "Of course you did. Where do I sign up for Tuesdays?"),
        ],
    ),
    ("theo", &[("you", "Who brings coffee?"), ("theo", "I will. And the good cups.")]),
    (
        "mara",
        &[
            ("mara", "Lovely. Can you bring the long hose on Saturday? And bed 3 needs a stake."),
            ("you", "Yes, hose and stakes. I'll be there at eight."),
            ("mara", "See you at eight 🌱"),
        ],
    ),
];

pub async fn run(house: &config::House) -> Outcome {
    let ctx = house::open(house::config(house)).await?;
    let mut people = Vec::new();
    for (username, name) in PEOPLE {
        match sign_up(&ctx, username, name).await {
            Ok(viewer) => people.push((username, viewer)),
            Err(domain::Error::Conflict(_)) => {
                return say("This house is lived in already; nothing was added.");
            }
            Err(error) => return Err(error.into()),
        }
    }
    let who = |name: &str| people.iter().find(|(username, _)| *username == name);
    let Some((_, you)) = who("you") else { return Ok(()) };
    for (friend, lines) in TALK {
        let Some((_, other)) = who(friend) else { continue };
        friends::ask(&ctx, you, friend).await?;
        friends::ask(&ctx, other, "you").await?;
        let room = rooms::direct::open(&ctx, you, friend).await?.id;
        for (speaker, text) in lines {
            let Some((_, speaker)) = who(speaker) else { continue };
            let member = rooms::member(&ctx, speaker, room).await?;
            let draft = Draft::of(Body::parse(text)?);
            messages::post(&ctx, &member, ctx.new_id(MessageId::new), draft).await?;
        }
    }
    for asker in ["lena", "amir"] {
        if let Some((_, viewer)) = who(asker) {
            friends::ask(&ctx, viewer, "you").await?;
        }
    }
    say(&format!("A demo house: sign in as you, mara or sol, with the password “{PASSWORD}”."))
}

async fn sign_up(ctx: &Ctx, username: &str, name: &str) -> domain::Result<Viewer> {
    let unfit =
        |error: protocol::TextError| domain::Error::Invalid { field: "seed", detail: error.0 };
    let form = SignUp {
        username: Username::parse(username).map_err(unfit)?,
        password: Password::parse(PASSWORD).map_err(unfit)?,
        email: None,
        display_name: Some(DisplayName::parse(name).map_err(unfit)?),
        challenge: None,
    };
    let (_, token) = accounts::sign_up(ctx, form, Device::default()).await?;
    sessions::authenticate(ctx, token.as_str()).await
}
