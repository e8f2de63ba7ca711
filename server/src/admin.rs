//! `kith admin`: what only who has the machine may do.

use std::io::{BufRead, IsTerminal, Write};

use protocol::{Email, Password, Username, accounts::SignUp};

use crate::{
    config::{Admin, House},
    house::{self, Outcome},
};

pub async fn run(house: &House, command: Admin) -> Outcome {
    match command {
        Admin::Create { username, email } => {
            let form = SignUp {
                username: Username::parse(&username)?,
                email: email.as_deref().map(Email::parse).transpose()?,
                password: Password::parse(&read_password()?)?,
                display_name: None,
                challenge: None,
            };
            let ctx = house::open(house::config(house)).await?;
            let user = domain::accounts::create_admin(&ctx, form).await?;
            say(&format!("{} administers this house now.", user.username))
        }
    }
}

fn read_password() -> Outcome<String> {
    if std::io::stdin().is_terminal() {
        say("Type a password of at least 8 characters, then Enter:")?;
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A line for the person at the terminal.
pub fn say(line: &str) -> Outcome {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
