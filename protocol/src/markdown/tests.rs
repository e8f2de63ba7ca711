use super::*;

/// Runs written down: what is special stands in brackets.
fn told(runs: &[Run]) -> String {
    let one = |run: &Run| {
        let Style { strong, emphasis, struck, spoiler } = run.style;
        let mut said = match &run.kind {
            Kind::Text => run.text.clone(),
            Kind::Code => format!("<code {}>", run.text),
            Kind::Link(address) => format!("<{} {}>", run.text, address),
            Kind::Mention(name) => format!("<@ {name}>"),
        };
        for (is, name) in [(strong, "b"), (emphasis, "i"), (struck, "s"), (spoiler, "spoiler")] {
            if is {
                said = format!("<{name} {said}>");
            }
        }
        said
    };
    runs.iter().map(one).collect()
}

fn line(text: &str) -> String {
    match &parse(text)[..] {
        [Block::Paragraph(runs)] => told(runs),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_stands_in_a_line() {
    for (text, expected) in [
        ("plain", "plain"),
        ("**b** and *i* and _i_ and ~~s~~", "<b b> and <i i> and <i i> and <s s>"),
        ("**b *and i* b**", "<b b ><i <b and i>><b  b>"),
        ("||hidden||!", "<spoiler hidden>!"),
        ("`**code**` x", "<code **code**> x"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("snake_case_name", "snake_case_name"),
        ("open ** and never closed", "open ** and never closed"),
        ("*a", "*a"),
        ("**", "**"),
        (r"\*not\* \\ \x", r"*not* \ \x"),
        (
            "see https://kith.example/a_b_c?x=1.",
            "see <https://kith.example/a_b_c?x=1 https://kith.example/a_b_c?x=1>.",
        ),
        ("(https://en.example/a_(b))", "(<https://en.example/a_(b) https://en.example/a_(b)>)"),
        ("[Kith](https://kith.example)", "<Kith https://kith.example>"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("[x](JaVaScRiPt:alert)", "[x](JaVaScRiPt:alert)"),
        ("[x](data:text/html,x)", "[x](data:text/html,x)"),
        ("[x](https://a\"onclick=b)", "[x](<https://a https://a>\"onclick=b)"),
        ("hi @Mara, me@example.org", "hi <@ mara>, me@example.org"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("https://", "https://"),
    ] {
        assert_eq!(line(text), expected, "{text}");
    }
}

#[test]
fn what_stands_over_lines() {
    let blocks = parse(
        "one\ntwo\n\n> said\n> twice\nafter\n- a\n- b\n3. c\n4. d\n```rust\nfn x() {}\n\n*y*\n```\nend",
    );
    let shown: Vec<String> = blocks
        .iter()
        .map(|block| match block {
            Block::Paragraph(runs) => format!("p {}", told(runs)),
            Block::Quote(runs) => format!("q {}", told(runs)),
            Block::List { from, items } => {
                let items: Vec<String> = items.iter().map(|item| told(item)).collect();
                format!("l {from:?} {}", items.join("|"))
            }
            Block::Code(code) => format!("c {code}"),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "p one\ntwo",
            "q said\ntwice",
            "p after",
            "l None a|b",
            "l Some(3) c|d",
            "c fn x() {}\n\n*y*",
            "p end"
        ]
    );
    assert_eq!(parse("```let x = 1```"), [Block::Code("let x = 1".into())]);
    assert_eq!(parse("```\nnever closed"), [Block::Code("never closed".into())]);
}

#[test]
fn without_its_marks_a_text_is_a_line() {
    assert_eq!(plain("**a** b\n- c\n- `d`\n> ||e||"), "a b c d …");
}

#[test]
fn nothing_is_lost_and_nothing_is_slow() {
    for text in [
        "*".repeat(4_000),
        "_a ".repeat(1_333),
        "[".repeat(4_000),
        "> ".repeat(2_000),
        "`".repeat(4_000),
        "||a".repeat(1_300),
        "@a".repeat(2_000),
        format!("{}{}", "http:///".repeat(250), ")".repeat(2_000)),
        format!("{}{}", "http://a".repeat(250), ").".repeat(1_000)),
    ] {
        let length: usize = parse(&text)
            .iter()
            .map(|block| match block {
                Block::Paragraph(runs) | Block::Quote(runs) => {
                    runs.iter().map(|run| run.text.len()).sum()
                }
                Block::List { items, .. } => items.iter().flatten().map(|run| run.text.len()).sum(),
                Block::Code(code) => code.len(),
            })
            .sum();
        assert!(length <= text.len(), "{text:.20}");
    }
}
