//! Every language has the same words with the same places, and the program uses all of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clusterdx::locale::places;

type Words = BTreeMap<String, String>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn words(lang: &str) -> Words {
    let text = std::fs::read_to_string(root().join(format!("rules/locales/{lang}.yaml"))).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

#[test]
fn languages_have_the_same_keys_and_places() {
    let en = words("en");
    for lang in ["ko", "pt-BR"] {
        let other = words(lang);
        let keys = |words: &Words| words.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&en), keys(&other), "{lang}");
        for (key, text) in &en {
            let set = |text: &str| {
                // "once" needs no number
                places(text)
                    .into_iter()
                    .filter(|place| !(key.ends_with(".one") && *place == "count"))
                    .map(str::to_owned)
                    .collect::<BTreeSet<_>>()
            };
            assert_eq!(set(text), set(&other[key]), "{lang}: {key}");
        }
    }
}

#[test]
fn every_key_is_used_and_every_used_key_exists() {
    let en = words("en");
    let mut source = String::new();
    collect(&root().join("src/report"), &mut source);
    collect(&root().join("src/cli"), &mut source);
    collect(&root().join("src/diagnose"), &mut source);
    collect(&root().join("src/check"), &mut source);
    let literals: BTreeSet<&str> = source.split('"').collect();
    let computed = [
        "product.",
        "risk.",
        "lifecycle.",
        "fact.",
        "level.",
        "checked.",
        "guide.place.",
        "guide.cost.",
    ];
    for key in en.keys() {
        let stem = key
            .strip_suffix(".one")
            .or_else(|| key.strip_suffix(".many"))
            .unwrap_or(key);
        // what a check found, what it means and how it is mended have one key and two below it
        let below = [".means", ".mend"]
            .iter()
            .find_map(|part| key.strip_suffix(part));
        let used = literals.contains(stem)
            || below.is_some_and(|key| literals.contains(key))
            || computed.iter().any(|prefix| stem.starts_with(prefix));
        assert!(used, "nothing uses {key}");
    }
    let groups: BTreeSet<&str> = en
        .keys()
        .filter_map(|key| key.split_once('.'))
        .map(|(group, _)| group)
        .collect();
    for literal in literals {
        let looks_like_a_key = literal.split_once('.').is_some_and(|(group, rest)| {
            groups.contains(group)
                && !rest.is_empty()
                && rest
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'.')
        });
        if looks_like_a_key {
            assert!(
                en.contains_key(literal) || en.contains_key(&format!("{literal}.many")),
                "no word for {literal}"
            );
        }
    }
}

fn collect(folder: &Path, out: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, out);
        } else {
            out.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
