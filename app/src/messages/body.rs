//! What a message says: its Markdown as elements. Flat, as it is read.

use leptos::{
    either::{Either, EitherOf4},
    prelude::*,
};
use protocol::markdown::{Block, Kind, Run, parse};

/// A text as blocks; `tail` stands behind the last word.
pub fn body<T: IntoView + 'static>(text: &str, tail: T) -> impl IntoView + use<T> {
    let mut blocks = parse(text);
    let last = match blocks.pop() {
        Some(Block::Paragraph(said)) => said,
        other => {
            blocks.extend(other);
            Vec::new()
        }
    };
    view! {
        {blocks.into_iter().map(block).collect_view()}
        <p>{runs(last)} {tail}</p>
    }
}

fn block(block: Block) -> impl IntoView {
    match block {
        Block::Paragraph(said) => EitherOf4::A(view! { <p>{runs(said)}</p> }),
        Block::Quote(said) => EitherOf4::B(view! { <blockquote>{runs(said)}</blockquote> }),
        Block::Code(code) => {
            #[cfg(feature = "hydrate")]
            crate::browser::want_script("/code.js");
            EitherOf4::C(view! {
                <div class="code">
                    <pre tabindex="0">
                        <code>{code}</code>
                    </pre>
                    <button class="code__copy js-only" type="button" data-copy="">
                        "Copy"
                    </button>
                </div>
            })
        }
        Block::List { from, items } => {
            let items = items.into_iter().map(|item| view! { <li>{runs(item)}</li> });
            let items = items.collect_view();
            EitherOf4::D(match from {
                Some(from) => Either::Left(view! {
                    <ol class="md-list md-list--numbered" start=from>
                        {items}
                    </ol>
                }),
                None => Either::Right(view! { <ul class="md-list">{items}</ul> }),
            })
        }
    }
}

fn runs(runs: Vec<Run>) -> impl IntoView {
    runs.into_iter().map(run).collect_view()
}

fn run(Run { text, style, kind }: Run) -> impl IntoView {
    let class = {
        let mut class = String::new();
        for (is, name) in [
            (style.strong, "md-strong "),
            (style.emphasis, "md-emphasis "),
            (style.struck, "md-struck "),
            (style.spoiler, "md-spoiler "),
        ] {
            if is {
                class.push_str(name);
            }
        }
        class
    };
    let hidden = style.spoiler.then_some("0");
    match kind {
        Kind::Text if class.is_empty() => EitherOf4::A(text),
        Kind::Text => EitherOf4::B(view! {
            <span class=class tabindex=hidden>
                {text}
            </span>
        }),
        Kind::Code => EitherOf4::C(view! { <code class=class>{text}</code> }),
        Kind::Link(address) => EitherOf4::D(view! {
            <a class=format!("link {class}") href=address target="_blank" rel="noopener noreferrer nofollow">
                {text}
            </a>
        }),
        Kind::Mention(name) => EitherOf4::D(view! {
            <a class=format!("mention {class}") href=format!("/people/{name}") target="" rel="">
                {text}
            </a>
        }),
    }
}
