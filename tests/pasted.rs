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
