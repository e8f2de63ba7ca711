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
    Body, DisplayName, MessageId, Password, RoomName, Topic, Username,
    accounts::SignUp,
    messages::Draft,
    rooms::{Kind, NewRoom, Retention},
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

/// What is said in the room: by whom, and which line it answers.
const GARDEN: [(&str, &str, Option<usize>); 4] = [
    ("mara", "**Saturday, eight o’clock.** We need:\n- the long hose\n- stakes for bed 3", None),
    ("jun", "```\nfor day in week {\n    bed[day % 4].water(\"morning\");\n}\n```", None),
    ("sol", "I bring the stakes.", Some(0)),
    ("mara", "@you the hose, please?", None),
];

pub async fn run(house: &config::House) -> Outcome {
    let ctx = house::open(house::config(house)).await?;
    if !accounts::is_empty(&ctx).await? {
        return say("This house is lived in already; nothing was added.");
    }
    let mut people = Vec::new();
    for (username, name) in PEOPLE {
        people.push((username, sign_up(&ctx, username, name).await?));
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
    let members = ["mara", "sol", "jun", "theo"];
    let new = NewRoom {
        name: RoomName::parse("Garden club")?,
        kind: Kind::Private,
        topic: Some(Topic::parse("Beds, tools and who waters when")?),
        retention: Retention::Forever,
        members: members.map(str::to_owned).to_vec(),
    };
    let garden = rooms::create(&ctx, you, new).await?.id;
    let mut said = Vec::new();
    for (speaker, text, answers) in GARDEN {
        let Some((_, speaker)) = who(speaker) else { continue };
        let member = rooms::member(&ctx, speaker, garden).await?;
        let reply_to = answers.and_then(|at: usize| said.get(at).copied());
        let draft = Draft { reply_to, ..Draft::of(Body::parse(text)?) };
        let posted = messages::post(&ctx, &member, ctx.new_id(MessageId::new), draft).await?;
        said.push(posted.message.id);
    }
    for (fan, emoji) in [("sol", "🌱"), ("jun", "🌱"), ("theo", "👍")] {
        let (Some((_, fan)), Some(first)) = (who(fan), said.first()) else { continue };
        let member = rooms::member(&ctx, fan, garden).await?;
        messages::react(&ctx, &member, *first, emoji, true).await?;
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
