//! A face: the person's picture, or initials on a hue of the person's own, made from the id.

use leptos::{either::Either, prelude::*};
use protocol::User;

/// As many hues as the stylesheet has classes for.
const HUES: u32 = 24;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Size {
    Small,
    #[default]
    Medium,
    Large,
}

impl Size {
    fn class(self) -> &'static str {
        match self {
            Self::Small => "avatar--small",
            Self::Medium => "avatar--medium",
            Self::Large => "avatar--large",
        }
    }
}

/// The face of a person whose name stands beside it.
#[component]
pub fn Avatar(user: User, #[prop(optional)] size: Size) -> impl IntoView {
    let hue = user.id.0.as_bytes().iter().fold(0_u32, |sum, byte| sum + u32::from(*byte)) % HUES;
    let class = format!("avatar {} avatar--hue-{hue}", size.class());
    let face = match user.avatar_url {
        Some(url) => {
            let url = if size == Size::Large { url.replace("/96.", "/512.") } else { url };
            Either::Left(view! { <img class="avatar__picture" src=url alt="" /> })
        }
        None => Either::Right(initials(&user.display_name)),
    };
    view! {
        <span class=class aria-hidden="true">
            {face}
        </span>
    }
}

/// The first letters of the first two words; the stylesheet makes capitals of them, which spares the
/// page the tables of all alphabets.
fn initials(name: &str) -> String {
    let words = name.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
    words.filter_map(|word| word.chars().next()).take(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_the_first_letters_of_two_words() {
        for (name, expected) in
            [("Sol Reyes", "SR"), ("mara", "m"), ("ana.maria lopez", "am"), ("(x) 🌱", "x🌱")]
        {
            assert_eq!(initials(name), expected);
        }
    }
}
