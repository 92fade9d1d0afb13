//! The documents are kept to what is true: every `$ clusterdx …` of the README is run and its
//! output compared, every file they name exists, and the code map names every file.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A fenced block: the words behind the fence, and the text.
struct Block {
    info: String,
    text: String,
}

fn blocks(document: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for line in document.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block {
                    info: info.trim().to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

/// Compares lines; a shown line `…` stands for any number of lines, none included.
fn shows(shown: &[&str], real: &[&str]) -> bool {
    match shown.split_first() {
        None => real.is_empty(),
        Some((&"…", rest)) => (0..=real.len()).any(|n| shows(rest, &real[n..])),
        Some((line, rest)) => real
            .split_first()
            .is_some_and(|(first, others)| line == first && shows(rest, others)),
    }
}

/// Runs a command line of the program as a shell of 80 columns would, without one.
fn run(folder: &Path, words: &str) -> (String, i32) {
    assert!(
        !words.contains(['\'', '"', '|', '>', '$', '*']),
        "needs a shell: {words}"
    );
    let done = Command::new(env!("CARGO_BIN_EXE_clusterdx"))
        .args(words.split_whitespace())
        .current_dir(folder)
        .stdin(Stdio::null())
        .env_clear()
        .env("LANG", "C.UTF-8")
        .env("COLUMNS", "80")
        .output()
        .unwrap();
    let mut text = String::from_utf8(done.stdout).unwrap();
    text.push_str(&String::from_utf8(done.stderr).unwrap());
    (text, done.status.code().unwrap())
}

/// A folder that holds the samples and the files that the document shows.
fn desk(blocks: &[Block]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("samples"), &folder.path().join("samples"));
    for block in blocks {
        let Some((_, name)) = block.info.split_once(' ') else {
            continue;
        };
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &block.text).unwrap();
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let blocks = blocks(&read("README.md"));
    let desk = desk(&blocks);
    let mut commands = 0;
    for block in blocks.iter().filter(|block| block.info == "console") {
        let mut code = None;
        let mut lines = block.text.lines().peekable();
        while let Some(line) = lines.next() {
            let command = line
                .strip_prefix("$ ")
                .unwrap_or_else(|| panic!("not a command: {line}"));
            let mut shown = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
                shown.push(line);
            }
            let real = if command == "echo $?" {
                format!("{}\n", code.unwrap())
            } else {
                let words = command
                    .strip_prefix("clusterdx ")
                    .unwrap_or_else(|| panic!("not our program: {command}"));
                let (text, exit) = run(desk.path(), words);
                code = Some(exit);
                commands += 1;
                text
            };
            let lines: Vec<&str> = real.lines().collect();
            assert!(shows(&shown, &lines), "$ {command}\n{real}");
        }
    }
    assert!(commands >= 8, "only {commands} commands were found");
}

#[test]
fn the_example_rule_is_as_short_as_it_says() {
    let blocks = blocks(&read("README.md"));
    let rule = blocks
        .iter()
        .find(|block| block.info.starts_with("yaml "))
        .unwrap();
    assert!(rule.text.lines().count() <= 15, "{}", rule.text);
}

#[test]
fn the_commands_to_start_with_exist() {
    let makefile = read("Makefile");
    for block in blocks(&read("README.md")).iter().filter(|b| b.info == "sh") {
        for line in block.text.lines() {
            let target = line.strip_prefix("make ").unwrap();
            let target = target.split_whitespace().next().unwrap();
            assert!(
                makefile.contains(&format!("\n{target}:")),
                "make {target} is not there"
            );
        }
    }
}

const DOCUMENTS: &[&str] = &[
    "README.md",
    "CHANGELOG.md",
    "src/README.md",
    "tests/README.md",
    "rules/README.md",
    "samples/README.md",
    ".github/CONTRIBUTING.md",
    ".github/SECURITY.md",
];

#[test]
fn links_of_the_documents_lead_somewhere() {
    for document in DOCUMENTS {
        let folder = root().join(document).parent().unwrap().to_owned();
        for part in read(document).split("](").skip(1) {
            let target = part.split(')').next().unwrap();
            if target.starts_with("http") {
                continue;
            }
            let file = target.split('#').next().unwrap();
            assert!(
                folder.join(file).exists(),
                "{document} links to {target}, which is not there"
            );
        }
    }
}

#[test]
fn files_that_the_documents_name_exist() {
    // what an example makes, and what a machine has
    let made = ["samples/cms/disk-full", "rules/faults/cms/disk-full"];
    for document in DOCUMENTS {
        for word in read(document).split('`').skip(1).step_by(2) {
            let ours = ["src/", "tests/", "rules/", "samples/", ".github/", ".ci/"];
            let plain = word
                .chars()
                .all(|c| c.is_alphanumeric() || "/._-".contains(c));
            if plain
                && ours.iter().any(|o| word.starts_with(o))
                && !made.iter().any(|m| word.starts_with(m))
            {
                assert!(
                    root().join(word).exists(),
                    "{document} names {word}, which is not there"
                );
            }
        }
    }
}

/// Every Rust file below a folder, relative to it.
fn rust_files(folder: &Path) -> BTreeSet<String> {
    fn search(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                search(root, &path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.insert(name.to_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    search(folder, folder, &mut found);
    found
}

/// First words of table rows that look like Rust files.
fn listed(document: &str) -> BTreeSet<String> {
    read(document)
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split('`').next())
        .filter(|name| Path::new(name).extension().is_some_and(|e| e == "rs"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_code_map_has_one_line_for_every_file() {
    assert_eq!(listed("src/README.md"), rust_files(&root().join("src")));
}

#[test]
fn the_test_map_has_one_line_for_every_program_of_tests() {
    let there: BTreeSet<String> = rust_files(&root().join("tests"))
        .into_iter()
        .filter(|name| !name.contains('/'))
        .collect();
    assert_eq!(listed("tests/README.md"), there);
}

#[test]
fn gaps_are_any_number_of_lines() {
    assert!(shows(&["a", "…", "d"], &["a", "b", "c", "d"]));
    assert!(shows(&["a", "…", "d"], &["a", "d"]));
    assert!(!shows(&["a", "…", "d"], &["a", "b"]));
    assert!(!shows(&["a"], &["a", "b"]));
    assert!(shows(&["…"], &[]));
}
