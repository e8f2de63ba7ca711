//! The Markdown that messages are written in, read the same way by server and browser. A subset:
//! paragraphs, quotes, lists, code, emphasis, links, spoilers and mentions; everything else is text.
//!
//! It is flat on purpose: blocks of lines, lines of runs. Nothing nests, so nothing can be deep, and
//! reading takes time in proportion to the text. A library for all of Markdown would be a tenth of
//! the page.

/// What a message is made of, in its order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    Paragraph(Vec<Run>),
    Quote(Vec<Run>),
    /// Each item's runs; numbered from a number on, or not.
    List {
        from: Option<u32>,
        items: Vec<Vec<Run>>,
    },
    Code(String),
}

/// Text of one kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    pub text: String,
    pub style: Style,
    pub kind: Kind,
}

/// How a run is set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Style {
    pub strong: bool,
    pub emphasis: bool,
    pub struck: bool,
    /// Hidden until somebody wants to see it.
    pub spoiler: bool,
}

/// What a run is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    Text,
    Code,
    /// Leads to this address, whose scheme is `http`, `https` or `mailto`.
    Link(String),
    /// Somebody, by username.
    Mention(String),
}

/// Reads a message's text.
pub fn parse(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        if let Some(fence) = line.trim_start().strip_prefix("```") {
            let mut code = String::new();
            // What follows the fence on its line is a language; a fence on one line holds the code.
            if let Some(code) = fence.strip_suffix("```").filter(|code| !code.is_empty()) {
                blocks.push(Block::Code(code.to_owned()));
                continue;
            }
            for line in lines.by_ref() {
                if line.trim() == "```" {
                    break;
                }
                if !code.is_empty() {
                    code.push('\n');
                }
                code.push_str(line);
            }
            blocks.push(Block::Code(code));
            continue;
        }
        if let Some(first) = quoted(line) {
            let mut said = first.to_owned();
            while let Some(next) = lines.peek().copied().and_then(quoted) {
                said.push('\n');
                said.push_str(next);
                lines.next();
            }
            blocks.push(Block::Quote(runs(&said)));
            continue;
        }
        if let Some((number, first)) = item(line) {
            let mut items = vec![runs(first)];
            while let Some((_, next)) = lines
                .peek()
                .copied()
                .and_then(item)
                .filter(|next| next.0.is_some() == number.is_some())
            {
                items.push(runs(next));
                lines.next();
            }
            blocks.push(Block::List { from: number, items });
            continue;
        }
        let mut said = line.to_owned();
        while let Some(next) = lines.peek().copied().filter(|next| continues(next)) {
            said.push('\n');
            said.push_str(next);
            lines.next();
        }
        blocks.push(Block::Paragraph(runs(&said)));
    }
    blocks
}

/// A message's text without its marks, on one line.
pub fn plain(text: &str) -> String {
    let mut said = String::with_capacity(text.len());
    let mut say = |runs: &[Run]| {
        if !said.is_empty() {
            said.push(' ');
        }
        runs.iter()
            .for_each(|run| said.push_str(if run.style.spoiler { "…" } else { &run.text }));
    };
    for block in parse(text) {
        match block {
            Block::Paragraph(runs) | Block::Quote(runs) => say(&runs),
            Block::List { items, .. } => items.iter().for_each(|item| say(item)),
            Block::Code(text) => {
                say(&[Run { text, style: Style::default(), kind: Kind::Code }]);
            }
        }
    }
    said
}

/// Whether a line goes on with a paragraph.
fn continues(line: &str) -> bool {
    !line.trim().is_empty()
        && !line.trim_start().starts_with("```")
        && quoted(line).is_none()
        && item(line).is_none()
}

fn quoted(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('>')?;
    Some(rest.strip_prefix(' ').unwrap_or(rest))
}

/// An item of a list, with its number where it has one.
fn item(line: &str) -> Option<(Option<u32>, &str)> {
    let line = line.trim_start();
    if let Some(rest) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return (!rest.trim().is_empty()).then_some((None, rest));
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = line.get(digits..)?.strip_prefix(". ")?;
    let number = line[..digits].parse().ok().filter(|_| digits <= 9)?;
    (!rest.trim().is_empty()).then_some((Some(number), rest))
}

const MARKS: [&str; 5] = ["**", "~~", "||", "*", "_"];

struct Reader<'a> {
    text: &'a str,
    at: usize,
    runs: Vec<Run>,
    plain: String,
    style: Style,
    /// Which marks are open; their ends lie ahead.
    open: [bool; MARKS.len()],
    /// Which marks have no end ahead any more.
    endless: [bool; MARKS.len()],
}

/// A text without blocks as runs.
fn runs(text: &str) -> Vec<Run> {
    let mut reader = Reader {
        text,
        at: 0,
        runs: Vec::new(),
        plain: String::new(),
        style: Style::default(),
        open: [false; MARKS.len()],
        endless: [false; MARKS.len()],
    };
    while reader.at < text.len() {
        reader.step();
    }
    reader.flush();
    reader.runs
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn before(&self) -> Option<char> {
        self.text[..self.at].chars().next_back()
    }

    fn flush(&mut self) {
        if !self.plain.is_empty() {
            let text = std::mem::take(&mut self.plain);
            self.runs.push(Run { text, style: self.style, kind: Kind::Text });
        }
    }

    fn push(&mut self, text: &str, kind: Kind, length: usize) {
        let text = text.to_owned();
        self.flush();
        self.runs.push(Run { text, style: self.style, kind });
        self.at += length;
    }

    /// Reads what stands here: at least one character.
    fn step(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        match first {
            '\\' => {
                let next = rest[1..].chars().next().filter(char::is_ascii_punctuation);
                self.plain.push(next.unwrap_or('\\'));
                self.at += 1 + next.map_or(0, char::len_utf8);
                return;
            }
            '`' => {
                if let Some(end) = rest[1..].find('`').filter(|end| *end > 0) {
                    let code = rest[1..=end].to_owned();
                    return self.push(&code, Kind::Code, end + 2);
                }
            }
            '[' => {
                if let Some((text, address, length)) = link(rest) {
                    let (text, address) = (text.to_owned(), address.to_owned());
                    return self.push(&text, Kind::Link(address), length);
                }
            }
            '@' if !self.before().is_some_and(|c| c.is_alphanumeric() || c == '@') => {
                let name = username(&rest[1..]);
                if name.len() >= 2 {
                    let (shown, name) = (format!("@{name}"), name.to_ascii_lowercase());
                    let length = shown.len();
                    return self.push(&shown, Kind::Mention(name), length);
                }
            }
            'h' if !self.before().is_some_and(char::is_alphanumeric) => {
                if let Some(address) = bare(rest) {
                    let address = address.to_owned();
                    let length = address.len();
                    return self.push(&address.clone(), Kind::Link(address), length);
                }
            }
            '*' | '_' | '~' | '|' => {
                let mark = MARKS.iter().position(|mark| rest.starts_with(mark));
                if mark.is_some_and(|mark| self.turns(mark)) {
                    return;
                }
            }
            _ => {}
        }
        self.plain.push(first);
        self.at += first.len_utf8();
    }

    /// Opens or closes a mark, where one stands here that has its other end.
    fn turns(&mut self, mark: usize) -> bool {
        let length = MARKS[mark].len();
        let after = self.rest()[length..].chars().next();
        let before = self.before();
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let is_space = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let may = match self.open[mark] {
            true => !(is_space(before) || MARKS[mark] == "_" && is_word(after)),
            false => {
                !(is_space(after) || MARKS[mark] == "_" && is_word(before))
                    && self.has_end(mark, self.at + length)
            }
        };
        if !may {
            return false;
        }
        self.flush();
        self.open[mark] = !self.open[mark];
        let style = &mut self.style;
        let on = self.open[mark];
        match MARKS[mark] {
            "**" => style.strong = on,
            "~~" => style.struck = on,
            "||" => style.spoiler = on,
            // Either of the two.
            _ => style.emphasis = self.open[3] || self.open[4],
        }
        self.at += length;
        true
    }

    /// Whether a mark ends somewhere ahead; once it does not, it never does again.
    fn has_end(&mut self, mark: usize, from: usize) -> bool {
        if self.endless[mark] {
            return false;
        }
        let ends = self.text[from..].match_indices(MARKS[mark]).any(|(at, _)| {
            let before = self.text[..from + at].chars().next_back();
            at > 0 && !before.is_none_or(char::is_whitespace)
        });
        self.endless[mark] = !ends;
        ends
    }
}

/// `[text](address)` at the beginning: both, and how long it is.
fn link(rest: &str) -> Option<(&str, &str, usize)> {
    // Not across a whole message: brackets are common.
    let text_end = rest.find(']').filter(|end| *end > 1 && *end < 512)?;
    let after = rest[text_end + 1..].strip_prefix('(')?;
    let end = after.find(')').filter(|end| *end < 2_048)?;
    let address = after[..end].trim();
    is_safe(address).then_some((&rest[1..text_end], address, text_end + end + 3))
}

/// Whether an address is one that a link may lead to.
fn is_safe(address: &str) -> bool {
    let lower: String = address.chars().take(8).collect::<String>().to_ascii_lowercase();
    let known = ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    known && !address.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"".contains(c))
}

/// An address that stands in the text by itself, without what ends the sentence.
fn bare(rest: &str) -> Option<&str> {
    if !(rest.starts_with("https://") || rest.starts_with("http://")) {
        return None;
    }
    let end = rest
        .find(|c: char| c.is_whitespace() || c.is_control() || "<>\"|".contains(c))
        .unwrap_or(rest.len());
    let host = rest[..end].split_once("://")?.1;
    if !host.starts_with(char::is_alphanumeric) {
        return None;
    }
    let mut address = &rest[..end];
    // A bracket that the address opened belongs to it.
    let mut unopened = address.matches(')').count().saturating_sub(address.matches('(').count());
    loop {
        let trimmed = address.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_', '~']);
        let trimmed = match trimmed.strip_suffix(')').filter(|_| unopened > 0) {
            Some(without) => {
                unopened -= 1;
                without
            }
            None => trimmed,
        };
        if trimmed.len() == address.len() {
            return Some(address);
        }
        address = trimmed;
    }
}

fn username(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
        .unwrap_or(text.len())
        .min(32);
    text[..end].trim_end_matches(['.', '_', '-'])
}

#[cfg(test)]
mod tests;
