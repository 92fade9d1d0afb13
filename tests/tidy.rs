//! The shape of the house: who may use whom, which crate has which door, and what never stays in
//! a file. The tables are the rules; a complaint names file, line and rule.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may use of the others. A path such as `catalog::text` allows that part only.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("catalog", &["model"]),
    ("locale", &["model", "catalog::text"]),
    ("parse", &["model"]),
    ("source", &["model"]),
    ("detect", &["model", "catalog"]),
    ("diagnose", &["model", "catalog", "detect"]),
    ("report", &["model", "locale", "catalog::text"]),
    ("redact", &["model", "catalog", "parse::net"]),
    ("check", &["model", "catalog", "parse", "source", "tls"]),
    (
        "agent",
        &["model", "catalog::remedy", "catalog::condition", "tls"],
    ),
    ("plan", &["model", "catalog"]),
    ("guide", &["model", "catalog"]),
    ("diff", &["model"]),
    ("execute", &["model", "catalog", "agent"]),
    ("lab", &["model", "catalog"]),
    ("tls", &[]),
    ("builtin", &["catalog"]),
    (
        "pipeline",
        &[
            "model", "catalog", "parse", "source", "detect", "diagnose", "redact",
        ],
    ),
    (
        "samples",
        &[
            "model", "catalog", "parse", "source", "detect", "diagnose", "pipeline",
        ],
    ),
    (
        "cli",
        &[
            "model", "catalog", "locale", "parse", "source", "detect", "diagnose", "report",
            "pipeline", "samples", "check", "agent", "diff", "plan", "guide", "execute", "lab",
            "redact",
        ],
    ),
    ("main", &["cli"]),
    ("bin", &["model"]),
];

/// Where a dependency may appear, as beginnings of paths below `src/`. Swapping a crate then
/// means to change one place. `""` is anywhere.
const DOORS: &[(&str, &[&str])] = &[
    (
        "aho_corasick",
        &[
            "detect/index.rs",
            "detect/scan.rs",
            "redact/lexicon.rs",
            "redact/leak.rs",
        ],
    ),
    ("anyhow", &[""]),
    (
        "chrono",
        &[
            "model/time.rs",
            "detect/resolve/",
            "parse/",
            "source/",
            "pipeline/",
            "cli/",
            "report/text",
        ],
    ),
    (
        "chrono_tz",
        &["detect/resolve/", "pipeline/", "samples.rs", "cli/"],
    ),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/"]),
    ("clap_mangen", &["cli/"]),
    ("comfy_table", &["report/text"]),
    ("crossbeam_channel", &["pipeline/intake.rs"]),
    ("ctrlc", &["cli/"]),
    // `diagnose` has a module of this name
    (
        "caps",
        &["bin/clusterdx-capture/rights.rs", "diagnose/mod.rs"],
    ),
    (
        "base64",
        &[
            "agent/soap/http.rs",
            "report/html.rs",
            "redact/pem.rs",
            "redact/leak.rs",
            "redact/tests.rs",
        ],
    ),
    ("bzip2", &["source/limits/bzip2.rs", "source/tests"]),
    (
        "flate2",
        &["source/limits/deflate.rs", "source/pack.rs", "source/tests"],
    ),
    ("lzma_rust2", &["source/limits/xz.rs", "source/tests"]),
    (
        "rustix",
        &["agent/ssh.rs", "cli/capture/keep.rs", "cli/ask.rs"],
    ),
    ("ruzstd", &["source/limits/zstd.rs", "source/tests"]),
    ("etherparse", &["parse/net/frame"]),
    ("indicatif", &["cli/progress.rs"]),
    ("memchr", &[""]),
    // nobody names it yet: it is there so that all parsers stay on one version
    (
        "nix",
        &[
            "bin/clusterdx-capture/rights.rs",
            "bin/clusterdx-capture/watch.rs",
        ],
    ),
    // the reader of files has a module of this name
    (
        "pcap",
        &["bin/clusterdx-capture/live.rs", "source/pcap_file"],
    ),
    ("postcard", &["catalog/mod.rs"]),
    (
        "regex",
        &[
            "agent/dialect_agent/talk.rs",
            "catalog/condition.rs",
            "detect/matcher.rs",
            "redact/learn.rs",
            "redact/secret.rs",
        ],
    ),
    ("regex_syntax", &["catalog/condition.rs"]),
    ("schemars", &["model/", "catalog/"]),
    ("serde", &[""]),
    (
        "serde_json",
        &[
            "report/",
            "cli/",
            "execute/",
            "parse/log/postgres/json.rs",
            "plan/basis.rs",
        ],
    ),
    ("serde_saphyr", &["catalog/yaml.rs"]),
    ("sha2", &["model/digest.rs"]),
    ("encoding_rs", &["parse/encoding.rs"]),
    ("foldhash", &["parse/net/"]),
    ("hashbrown", &["parse/net/table.rs"]),
    ("x509_parser", &["parse/net/cert.rs"]),
    ("tar", &["source/"]),
    ("terminal_size", &["cli/"]),
    ("tls_parser", &["parse/net/tls"]),
    ("thiserror", &[""]),
    ("rpassword", &["cli/check/password.rs"]),
    ("russh", &["lab/server"]),
    (
        "tokio",
        &[
            "cli/capture/watch.rs",
            "cli/ask.rs",
            "cli/fix",
            "cli/guide/node.rs",
            "cli/lab",
            "tls.rs",
            "check/",
            "agent/",
            "execute/",
            "lab/",
        ],
    ),
    ("tokio_postgres", &["check/session.rs"]),
    ("tokio_rustls", &["tls.rs", "check/tls.rs"]),
    ("vte", &["agent/screen.rs"]),
    ("unicode_width", &["report/"]),
    ("zip", &["source/"]),
];

/// Most lines of a file without its tests.
const LINES: usize = 600;

/// Words that mean unfinished work, in two halves so that this file has none.
const UNFINISHED: &[(&str, &str)] = &[
    ("todo", "!("),
    ("unimplemented", "!("),
    ("dbg", "!("),
    ("TO", "DO"),
    ("FIX", "ME"),
];

/// A file of ours.
struct Source {
    /// Below the folder that was asked for.
    path: String,
    text: String,
}

impl Source {
    /// The module at the top of the crate it belongs to.
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or("");
        first.trim_end_matches(".rs")
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.ends_with("testing.rs")
    }

    /// Lines that are not comments, with their numbers; after the first use of one the tests of
    /// the file follow.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = (1..).zip(self.text.lines());
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn files(folder: &str, ending: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(Path::new(folder), &mut found);
    found.retain(|path| path.to_string_lossy().ends_with(ending));
    found.sort();
    let source = |path: PathBuf| Source {
        text: fs::read_to_string(&path).expect("text"),
        path: path
            .strip_prefix(folder)
            .expect("it is below")
            .to_string_lossy()
            .into_owned(),
    };
    found.into_iter().map(source).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn complain(what: &str, wrong: &[String]) {
    let mut text = String::new();
    for line in wrong {
        let _ = write!(text, "\n  {line}");
    }
    assert!(wrong.is_empty(), "{} {what}:{text}", wrong.len());
}

/// The paths that begin with a name, such as `crate`, and what follows it; groups are taken
/// apart: `crate::{a, b::{c, d}}` gives `a`, `b::c` and `b::d`. With the number of its line.
fn paths(source: &Source, root: &str) -> Vec<(usize, String)> {
    let mut text = String::new();
    let mut starts = Vec::new();
    for (number, line) in source.code() {
        starts.push((text.len(), number));
        text.push_str(line);
        text.push('\n');
    }
    let mut found = Vec::new();
    for (at, _) in text.match_indices(root) {
        let before = text[..at].chars().next_back();
        let part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let rest = &text[at + root.len()..];
        let head = before.is_none_or(|c| !part(c));
        if let Some(rest) = rest.strip_prefix("::").filter(|_| head) {
            let line = starts.partition_point(|(start, _)| *start <= at);
            let number = starts[line - 1].1;
            expand("", rest, &mut |path| found.push((number, path)));
        }
    }
    found
}

/// Hands out the paths of a tree; returns what stands behind it.
fn expand<'t>(prefix: &str, tree: &'t str, out: &mut dyn FnMut(String)) -> &'t str {
    let tree = tree.trim_start();
    if let Some(mut rest) = tree.strip_prefix('{') {
        loop {
            rest = rest.trim_start().trim_start_matches(',').trim_start();
            if let Some(behind) = rest.strip_prefix('}') {
                return behind;
            }
            if rest.is_empty() {
                return rest;
            }
            let behind = expand(prefix, rest, out);
            // a name that was given to what is used, or something that is no path
            let next = behind.find([',', '}']).unwrap_or(behind.len());
            rest = &behind[next..];
        }
    }
    let end = tree
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(tree.len());
    let (name, rest) = tree.split_at(end);
    let path = match (prefix, name) {
        (prefix, "self" | "") => prefix.to_owned(),
        ("", name) => name.to_owned(),
        (prefix, name) => format!("{prefix}::{name}"),
    };
    match rest.strip_prefix("::") {
        Some(more) if more.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '{') => {
            expand(&path, more, out)
        }
        _ => {
            out(path);
            rest
        }
    }
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for source in files("src", ".rs") {
        let module = source.module();
        if module == "lib" || source.is_test() {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!(
                "src/{}: module {module} has no place in the table of layers",
                source.path
            ));
            continue;
        };
        // what a program of its own calls `crate` is its own
        let own = if module == "bin" {
            Vec::new()
        } else {
            paths(&source, "crate")
        };
        let used = [own, paths(&source, "clusterdx")].concat();
        for (line, path) in used {
            let part = |whole: &str| path == whole || path.starts_with(&format!("{whole}::"));
            if !part(module) && !allowed.iter().any(|whole| part(whole)) {
                wrong.push(format!(
                    "src/{}:{line}: {module} may use {allowed:?}, not {path}",
                    source.path
                ));
            }
        }
    }
    complain("uses that the layers forbid", &wrong);
}

#[test]
fn every_dependency_has_one_door() {
    let manifest = fs::read_to_string("Cargo.toml").expect("Cargo.toml");
    let section = manifest
        .split("\n[")
        .find_map(|part| part.strip_prefix("dependencies]"));
    let names = section
        .expect("dependencies")
        .lines()
        .filter_map(|line| line.split_once(" = "));
    let mut wrong = Vec::new();
    for name in names.map(|(name, _)| name.trim().replace('-', "_")) {
        if !DOORS.iter().any(|(door, _)| *door == name) {
            wrong.push(format!("Cargo.toml: {name} has no door in the table"));
        }
    }
    for source in files("src", ".rs") {
        for (name, doors) in DOORS {
            if doors.iter().any(|door| source.path.starts_with(door)) {
                continue;
            }
            for (line, _) in paths(&source, name) {
                wrong.push(format!(
                    "src/{}:{line}: {name} belongs in {doors:?} only",
                    source.path
                ));
            }
        }
    }
    complain("dependencies outside their doors", &wrong);
}

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    for source in files("src", ".rs")
        .iter()
        .filter(|source| !source.is_test())
    {
        let tests = "\n#[cfg(test)]\nmod tests {";
        let lines = source
            .text
            .split(tests)
            .next()
            .unwrap_or("")
            .lines()
            .count();
        if lines > LINES {
            wrong.push(format!(
                "src/{}: {lines} lines without tests, more than {LINES}",
                source.path
            ));
        }
    }
    complain("files that want to be two", &wrong);
}

#[test]
fn nothing_is_left_unfinished() {
    let mut wrong = Vec::new();
    for folder in ["src", "rules", "samples", "tests"] {
        for ending in [".rs", ".yaml", ".md"] {
            for source in files(folder, ending) {
                for (line, text) in (1..).zip(source.text.lines()) {
                    let word = UNFINISHED
                        .iter()
                        .map(|(a, b)| format!("{a}{b}"))
                        .find(|word| is_word(text, word));
                    if let Some(word) = word {
                        wrong.push(format!("{folder}/{}:{line}: {word}", source.path));
                    }
                }
            }
        }
    }
    complain("unfinished places", &wrong);
}

fn is_word(text: &str, word: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        let behind = text[at + word.len()..].chars().next();
        !letter(text[..at].chars().next_back()) && (word.ends_with('(') || !letter(behind))
    })
}

#[test]
fn every_sample_is_complete() {
    let mut wrong = Vec::new();
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(path)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.is_dir()).collect()
    };
    let cases: Vec<PathBuf> = folders(Path::new("samples"))
        .iter()
        .flat_map(|product| folders(product))
        .collect();
    assert!(cases.len() > 50, "only {} samples", cases.len());
    for case in cases {
        for part in ["README.md", "expect.yaml", "input"] {
            if !case.join(part).exists() {
                wrong.push(format!("{}: {part} is missing", case.display()));
            }
        }
        let mut inside = Vec::new();
        if case.join("input").is_dir() {
            collect(&case.join("input"), &mut inside);
        }
        if inside.is_empty() {
            wrong.push(format!("{}: input holds no file", case.display()));
        }
    }
    complain("samples with something missing", &wrong);
}

#[test]
fn paths_are_taken_apart() {
    let source = Source {
        path: "x.rs".to_owned(),
        text: "use crate::{a, b::{self, c as d, e::F}};\n// crate::no\nlet x = crate::g::h(1);\npub(in crate::i) fn y() { mycrate::z() }\n".to_owned(),
    };
    let found: Vec<String> = paths(&source, "crate")
        .into_iter()
        .map(|(line, path)| format!("{line} {path}"))
        .collect();
    assert_eq!(
        found,
        ["1 a", "1 b", "1 b::c", "1 b::e::F", "3 g::h", "4 i"]
    );
}
