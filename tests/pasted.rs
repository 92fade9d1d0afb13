//! Text as people and tools hand it on: the same faults are found whatever stands around the
//! lines, and whatever stands beside them in the file.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

const STATUS: &str = "cms/schema-upgrade-failed-status";
const REFUSED: &str = "cms/connection-refused-once";
const UNTRUSTED: &str = "cms/certificate-untrusted-wal-receiver";
const LOST: &str = "expressway/peer-lost-without-peer-list";
const TLS: &str = "expressway/tls-verify-changed";

/// The first input file of a sample.
fn sample(name: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut path = root.join("samples").join(name).join("input");
    while path.is_dir() {
        let entries = std::fs::read_dir(&path).unwrap();
        path = entries.map(|entry| entry.unwrap().path()).min().unwrap();
    }
    std::fs::read_to_string(path).unwrap()
}

fn diagnose(text: &[u8]) -> Value {
    let mut child = Command::new(env!("CARGO_BIN_EXE_clusterdx"))
        .args(["diagnose", "-", "--format", "json", "--year", "2017"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap()
}

/// Product, fault, role, node and peer of everything found, sorted.
fn found(text: &str) -> Vec<String> {
    let report = diagnose(text.as_bytes());
    let mut found: Vec<String> = Vec::new();
    for cluster in report["clusters"].as_array().unwrap() {
        for one in cluster["diagnoses"].as_array().unwrap() {
            let words = [
                &cluster["product"],
                &one["fault"],
                &one["role"],
                &one["node"],
                &one["peer"],
            ];
            found.push(words.map(ToString::to_string).join(" "));
        }
    }
    found.sort();
    found
}

fn each_line(text: &str, line: impl Fn(&str) -> String) -> String {
    text.lines().map(|l| line(l) + "\n").collect()
}

#[test]
fn what_stands_around_the_lines_changes_nothing() {
    for name in [STATUS, REFUSED, LOST, TLS] {
        let text = sample(name);
        let plain = found(&text);
        assert!(!plain.is_empty(), "{name}");
        let mut forms = vec![
            ("quoted", each_line(&text, |l| format!("> {l}"))),
            ("quoted twice", each_line(&text, |l| format!(">> {l}"))),
            ("byte order mark", format!("\u{feff}{text}")),
            (
                "coloured",
                each_line(&text, |l| format!("\x1b[32m{l}\x1b[0m")),
            ),
            ("tabs", text.replace(' ', "\t")),
        ];
        if name != STATUS {
            for mark in [
                "<134>",
                "Mar 31 10:17:00 10.1.1.1 ",
                "<134>1 2017-03-31T10:17:00Z relay01 - - - - ",
                "2017-03-31T10:17:00+00:00 relay01 ",
                "logs/cms1.txt:12:",
            ] {
                forms.push((mark, each_line(&text, |l| format!("{mark}{l}"))));
            }
        }
        for (form, text) in forms {
            assert_eq!(found(&text), plain, "{name}, {form}");
        }
    }
}

/// A text as a web page holds it, its quotes as they are or not.
fn escaped(text: &str, quotes: bool) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let text = text.replace('>', "&gt;");
    match quotes {
        true => text.replace('"', "&quot;").replace('\'', "&#39;"),
        false => text,
    }
}

/// A text as pages, notes and word processors show it.
fn dresses(text: &str) -> Vec<(&'static str, String)> {
    let key = |line: &str, mark: fn(&str) -> String| match line.split_once([':', ' ']) {
        Some((key, _)) if !key.trim().is_empty() => line.replacen(key.trim(), &mark(key.trim()), 1),
        _ => line.to_owned(),
    };
    let html = escaped(text, true);
    let print = text.replace(" \"", " “").replace("=\"", "=“");
    let print = print.replace('"', "”").replace('\'', "’");
    let cells = |line: &str| {
        format!(
            "<tr><td>{}</td></tr>",
            line.replacen(" : ", "</td><td>: ", 1)
        )
    };
    vec![
        ("entities", html.clone()),
        ("entities but quotes", escaped(text, false)),
        (
            "numbers",
            html.replace("&quot;", "&#x22;").replace("&gt;", "&#62;"),
        ),
        ("entities for blanks", html.replace(' ', "&nbsp;")),
        (
            "entities for pairs of blanks",
            html.replace("  ", "&nbsp; "),
        ),
        ("preformatted", format!("<pre>{text}</pre>\n")),
        (
            "a page",
            format!("<html><body><pre class=\"log\">\n{html}</pre></body></html>\n"),
        ),
        (
            "bold",
            each_line(text, |l| key(l, |k| format!("<b>{k}</b>"))),
        ),
        ("paragraphs", each_line(&html, |l| format!("<p>{l}</p>"))),
        (
            "spans",
            each_line(&html, |l| format!("<span style=\"color: red\">{l}</span>")),
        ),
        ("breaks", each_line(&html, |l| format!("{l}<br>"))),
        (
            "breaks alone",
            text.lines().collect::<Vec<_>>().join("<br/>"),
        ),
        ("a table", each_line(&html, cells)),
        ("a list", each_line(text, |l| format!("<li>{l}</li>"))),
        (
            "strong",
            each_line(text, |l| key(l, |k| format!("**{k}**"))),
        ),
        ("cursive", each_line(text, |l| key(l, |k| format!("*{k}*")))),
        ("code", each_line(text, |l| format!("`{l}`"))),
        ("one code", format!("`{}`", text.trim_end())),
        ("a fence", format!("```text\n{text}```\n")),
        ("dashes", each_line(text, |l| format!("- {l}"))),
        ("stars", each_line(text, |l| format!("* {l}"))),
        ("bullets", each_line(text, |l| format!("  • {l}"))),
        ("numbered", each_line(text, |l| format!("12. {l}"))),
        (
            "a list of code",
            each_line(text, |l| format!("- `{}`", l.trim())),
        ),
        ("blanks that do not break", text.replace(' ', "\u{a0}")),
        ("wide blanks", text.replace(' ', "\u{3000}")),
        (
            "blanks of no width",
            each_line(text, |l| {
                l.replace(' ', " \u{200b}").replacen('a', "\u{feff}a", 1)
            }),
        ),
        ("print", print),
        ("dashes of print", text.replace('-', "\u{2013}")),
    ]
}

fn holds_in_every_dress(name: &str) {
    let text = sample(name);
    let plain = found(&text);
    assert!(!plain.is_empty(), "{name}");
    let dressed = dresses(&text).into_iter();
    let failed: Vec<_> = dressed
        .filter(|(_, text)| found(text) != plain)
        .map(|(dress, _)| dress)
        .collect();
    assert_eq!(failed, [""; 0], "{name}");
}

#[test]
fn marks_of_the_medium_change_no_screen() {
    holds_in_every_dress(STATUS);
}

#[test]
fn marks_of_the_medium_change_no_syslog() {
    holds_in_every_dress(REFUSED);
}

#[test]
fn marks_of_the_medium_change_no_quoted_name() {
    holds_in_every_dress(UNTRUSTED);
}

#[test]
fn marks_of_the_medium_change_no_value() {
    holds_in_every_dress(LOST);
}

#[test]
fn products_in_one_file_stay_apart() {
    for cms in [STATUS, REFUSED] {
        for other in [LOST, TLS] {
            let (one, two) = (sample(cms), sample(other));
            let mut both = found(&one);
            both.extend(found(&two));
            both.sort();
            assert_eq!(found(&format!("{one}\n{two}")), both, "{cms}, {other}");
            assert_eq!(found(&format!("{two}\n{one}")), both, "{other}, {cms}");
        }
    }
}

#[test]
fn the_period_reaches_to_the_last_record_before_a_long_epilogue() {
    let record = |day| {
        format!(
            "Mar {day} 10:16:59 user.info cms1 sfpool:  Health check 10.48.54.119: ok (up = 1)\n"
        )
    };
    let text = format!("{}{}", record(30), record(31)) + &"Further words.\n".repeat(200);
    let report = diagnose(text.as_bytes());
    assert_eq!(report["coverage"][0]["last"], "2017-03-31T10:16:59Z");
}

#[test]
fn a_health_check_that_succeeds_in_any_words_ends_the_refusal() {
    let refused = "Mar 31 10:16:59 user.info cms1 sfpool:  Health check 10.48.54.119: error (up = 1): could not connect to server: Connection refused|\n";
    assert_eq!(found(refused).len(), 1);
    for words in [
        "success (up = 1) in 4 ms",
        "OK",
        "ok (up = 1)",
        "up",
        "passed",
    ] {
        let later =
            format!("Mar 31 10:17:09 user.info cms1 sfpool:  Health check 10.48.54.119: {words}\n");
        assert!(found(&format!("{refused}{later}")).is_empty(), "{words}");
    }
}
