//! Texts with their limits. A value of one of these types has been checked: parse at the door,
//! never again inside.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};

/// Why a text was refused: a sentence for the person who wrote it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextError(pub Cow<'static, str>);

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TextError {}

fn refuse<T>(sentence: impl Into<Cow<'static, str>>) -> Result<T, TextError> {
    Err(TextError(sentence.into()))
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident by $parse:path),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks a text, trimmed.
            ///
            /// # Errors
            /// A sentence about what is wrong with it.
            pub fn parse(text: &str) -> Result<Self, TextError> {
                $parse(text).map(Self)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::parse(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(de::Error::custom)
            }
        }
    )*};
}

texts! {
    /// A name to sign in and be found by: 2 to 32 of `a-z 0-9 . _ -`, folded to lower case, with a
    /// letter or digit at both ends.
    Username by username,
    /// What others read: 1 to 64 characters, no control or direction characters.
    DisplayName by display_name,
    /// An e-mail address as typed, 3 to 254 bytes.
    Email by email,
    /// A password, 8 to 256 characters, taken as it is. Never printed.
    Password by password,
    /// What is typed to sign in: a username or an e-mail address, 1 to 254 bytes.
    Login by login,
    /// A room's title: 1 to 255 characters, no control or direction characters.
    RoomName by room_name,
    /// What a room is about: at most 255 characters, or nothing.
    Topic by topic,
    /// What a message says: 1 to 4,000 characters after trimming, without NUL.
    Body by body,
}

macro_rules! shown {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

macro_rules! concealed {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

shown!(Username, DisplayName, RoomName, Topic);
concealed!(Email, Password, Login, Body);

impl Username {
    /// The longest, in characters.
    pub const MAX: usize = 32;
}

impl Password {
    /// The shortest, in characters.
    pub const MIN: usize = 8;
    /// The longest, in characters.
    pub const MAX: usize = 256;
}

impl DisplayName {
    /// The longest, in characters.
    pub const MAX: usize = 64;
}

impl RoomName {
    /// The longest, in characters.
    pub const MAX: usize = 255;
}

impl Topic {
    /// The longest, in characters.
    pub const MAX: usize = 255;
}

impl Body {
    /// The longest, in characters.
    pub const MAX: usize = 4_000;
}

fn username(text: &str) -> Result<String, TextError> {
    let name = text.trim().to_ascii_lowercase();
    if name.is_empty() {
        return refuse("Choose a username.");
    }
    if !(2..=Username::MAX).contains(&name.len()) {
        return refuse("A username has 2 to 32 characters.");
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
        return refuse("A username has only letters a to z, digits, dots, dashes and underscores.");
    }
    // Words that stand in addresses where a username could.
    if matches!(name.as_str(), "me" | "current") {
        return refuse("This username is taken.");
    }
    let ends = [name.as_bytes()[0], name.as_bytes()[name.len() - 1]];
    if !ends.iter().all(u8::is_ascii_alphanumeric) {
        return refuse("A username begins and ends with a letter or a digit.");
    }
    Ok(name)
}

/// Characters that would leave their place on the page: controls, direction marks and overrides,
/// line and paragraph separators, invisible joiners at the edge of words, tags.
fn escapes_its_place(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{E0000}'..='\u{E007F}')
}

fn display_name(text: &str) -> Result<String, TextError> {
    let name = text.trim();
    if name.is_empty() || !name.chars().any(|c| c.is_alphanumeric()) {
        return refuse("A name needs at least one letter or digit.");
    }
    if name.chars().nth(DisplayName::MAX).is_some() {
        return refuse("A name has at most 64 characters.");
    }
    if name.chars().any(escapes_its_place) {
        return refuse("This name has characters that cannot be shown.");
    }
    Ok(name.to_owned())
}

fn room_name(text: &str) -> Result<String, TextError> {
    let name = text.trim();
    if name.is_empty() {
        return refuse("A room needs a name.");
    }
    if name.chars().nth(RoomName::MAX).is_some() {
        return refuse("A room's name has at most 255 characters.");
    }
    if name.chars().any(escapes_its_place) {
        return refuse("This name has characters that cannot be shown.");
    }
    Ok(name.to_owned())
}

fn topic(text: &str) -> Result<String, TextError> {
    let topic = text.trim();
    if topic.chars().nth(Topic::MAX).is_some() {
        return refuse("A topic has at most 255 characters.");
    }
    if topic.chars().any(escapes_its_place) {
        return refuse("This topic has characters that cannot be shown.");
    }
    Ok(topic.to_owned())
}

fn email(text: &str) -> Result<String, TextError> {
    let address = text.trim();
    let unfinished = || refuse("This address looks unfinished.");
    if address.len() > 254 {
        return refuse("An e-mail address has at most 254 characters.");
    }
    if address
        .chars()
        .any(|c| c.is_whitespace() || escapes_its_place(c) || "<>(),;:\\\"[]".contains(c))
    {
        return refuse("This address has characters that e-mail does not allow.");
    }
    let Some((local, domain)) = address.rsplit_once('@') else { return unfinished() };
    let labels: Vec<&str> = domain.split('.').collect();
    if local.is_empty()
        || local.contains('@')
        || labels.len() < 2
        || labels.iter().any(|l| l.is_empty())
    {
        return unfinished();
    }
    Ok(address.to_owned())
}

fn password(text: &str) -> Result<String, TextError> {
    if text.is_empty() {
        return refuse("Choose a password.");
    }
    if text.chars().nth(Password::MIN - 1).is_none() {
        return refuse("A password has at least 8 characters.");
    }
    if text.chars().nth(Password::MAX).is_some() {
        return refuse("A password has at most 256 characters.");
    }
    Ok(text.to_owned())
}

fn login(text: &str) -> Result<String, TextError> {
    let login = text.trim();
    if login.is_empty() {
        return refuse("Type your username or e-mail address.");
    }
    if login.len() > 254 {
        return refuse("This is longer than any username or e-mail address.");
    }
    Ok(login.to_owned())
}

fn body(text: &str) -> Result<String, TextError> {
    let body = text.trim();
    if body.is_empty() {
        return refuse("A message needs some text.");
    }
    if body.len() > Body::MAX && body.chars().nth(Body::MAX).is_some() {
        return refuse("A message has at most 4,000 characters.");
    }
    if body.contains('\0') {
        return refuse("A message cannot contain the character NUL.");
    }
    Ok(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_folded_and_kept_to_its_letters() {
        assert_eq!(Username::parse(" Alice ").unwrap().as_str(), "alice");
        for name in [
            "a",
            "-alice",
            "alice.",
            "al ice",
            "ali\u{0441}e",
            "a\0b",
            "<b>",
            "me",
            "Current",
            &"a".repeat(33),
        ] {
            assert!(Username::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_display_name_cannot_leave_its_place() {
        assert_eq!(DisplayName::parse("Zoë 🌱").unwrap().as_str(), "Zoë 🌱");
        for name in ["", "🌱", "a\u{202E}b", "a\0b", "a\nb", &"a".repeat(65)] {
            assert!(DisplayName::parse(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_body_is_trimmed_and_counted_in_characters() {
        assert_eq!(Body::parse("  hi\n there \n").unwrap().as_str(), "hi\n there");
        assert!(Body::parse(&"ä".repeat(4_000)).is_ok());
        assert!(Body::parse(&"ä".repeat(4_001)).is_err());
        assert!(Body::parse(" \n\t ").is_err());
        assert!(Body::parse("a\0b").is_err());
    }

    #[test]
    fn an_address_is_finished() {
        assert!(Email::parse("mara@example.org").is_ok());
        for text in ["mara", "mara@exmaple", "@example.org", "a@b@c.d", "a b@c.d", "mara@.org"] {
            assert!(Email::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let password = Password::parse("correct horse").unwrap();
        assert_eq!(format!("{password:?}"), "Password(…)");
    }
}
