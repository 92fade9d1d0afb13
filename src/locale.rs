//! The program's own words in the reader's language.
//!
//! Words are flat maps of `key: text` in `rules/locales/*.yaml`; a text may hold `{name}` places.
//! What a language lacks is said in English, and a key that no language has is printed as it is,
//! so that a missing word is seen and never stops a report.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// The language every word exists in.
pub const FALLBACK: &str = "en";

/// The words of one language.
#[derive(Clone, Debug, Default)]
pub struct Locale {
    /// Code of the language.
    lang: String,
    words: BTreeMap<String, String>,
}

impl Locale {
    /// Takes the words of the language with the code `lang` (`en`, `ko`, `pt-BR`) out of the maps
    /// of all languages; what it lacks comes from [`FALLBACK`].
    pub fn new(words: &BTreeMap<String, BTreeMap<String, String>>, lang: &str) -> Self {
        let mut own = words.get(FALLBACK).cloned().unwrap_or_default();
        if let Some(chosen) = words.get(lang) {
            own.extend(chosen.iter().map(|(key, text)| (key.clone(), text.clone())));
        }
        Self {
            lang: lang.to_owned(),
            words: own,
        }
    }

    /// The code of the language.
    pub fn lang(&self) -> &str {
        match self.lang.as_str() {
            "" => FALLBACK,
            lang => lang,
        }
    }

    /// The text of a key.
    pub fn word<'a>(&'a self, key: &'a str) -> &'a str {
        self.words.get(key).map_or(key, String::as_str)
    }

    /// The text of a key that need not exist, with its places filled.
    pub fn fill_known(&self, key: &str, values: &[(&str, &str)]) -> Option<String> {
        self.words.get(key).map(|text| fill(text, values))
    }

    /// The text of a key with its places filled. A place that `values` does not name stays as it
    /// is; values are never searched for places themselves.
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        fill(self.word(key), values)
    }

    /// The text of `key.one` when `count` is 1, else of `key.many`, with `{count}` and the other
    /// places filled.
    pub fn count(&self, key: &str, count: u64, values: &[(&str, &str)]) -> String {
        let form = if count == 1 { "one" } else { "many" };
        let number = grouped(count);
        let mut all = vec![("count", number.as_str())];
        all.extend_from_slice(values);
        fill(self.word(&format!("{key}.{form}")), &all)
    }
}

/// A number with a thin gap between groups of three digits: `12 345`. Up to four digits stay
/// together.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    if digits.len() <= 4 {
        return digits;
    }
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{a0}');
        }
        out.push(digit);
    }
    out
}

/// Names of the `{name}` places in a text, in order.
pub fn places(text: &str) -> Vec<&str> {
    pieces(text)
        .into_iter()
        .filter_map(|piece| {
            if let Piece::Place(name) = piece {
                Some(name)
            } else {
                None
            }
        })
        .collect()
}

enum Piece<'t> {
    Plain(&'t str),
    Place(&'t str),
}

fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => out.push_str(plain),
            Piece::Place(name) => {
                let value = values.iter().find(|(known, _)| *known == name);
                out.push_str(&value.map_or_else(
                    || Cow::Owned(format!("{{{name}}}")),
                    |(_, value)| Cow::Borrowed(*value),
                ));
            }
        }
    }
    out
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        match after.split_once('}') {
            Some((name, tail))
                if !name.is_empty()
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') =>
            {
                out.push(Piece::Plain(before));
                out.push(Piece::Place(name));
                rest = tail;
            }
            _ => {
                out.push(Piece::Plain(before));
                out.push(Piece::Plain("{"));
                rest = after;
            }
        }
    }
    out.push(Piece::Plain(rest));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> BTreeMap<String, BTreeMap<String, String>> {
        let map = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        BTreeMap::from([
            (
                "en".to_owned(),
                map(&[
                    ("a", "node {node}"),
                    ("b", "only english"),
                    ("n.one", "{count} file"),
                    ("n.many", "{count} files"),
                ]),
            ),
            ("ko".to_owned(), map(&[("a", "노드 {node}")])),
        ])
    }

    #[test]
    fn a_missing_word_is_english_and_a_missing_key_shows_itself() {
        let ko = Locale::new(&words(), "ko");
        assert_eq!(ko.fill("a", &[("node", "x")]), "노드 x");
        assert_eq!(ko.word("b"), "only english");
        assert_eq!(ko.word("nowhere"), "nowhere");
        assert_eq!(Locale::new(&words(), "xx").word("a"), "node {node}");
    }

    #[test]
    fn values_are_not_searched_for_places() {
        assert_eq!(fill("{a} {b}", &[("a", "{b}"), ("b", "2")]), "{b} 2");
        assert_eq!(
            fill("{a {b} } {} {unknown}", &[("b", "2")]),
            "{a 2 } {} {unknown}"
        );
        assert_eq!(fill("{", &[]), "{");
    }

    #[test]
    fn numbers_have_two_forms_and_groups() {
        let en = Locale::new(&words(), "en");
        assert_eq!(en.count("n", 1, &[]), "1 file");
        assert_eq!(en.count("n", 0, &[]), "0 files");
        assert_eq!(en.count("n", 1_234_567, &[]), "1\u{a0}234\u{a0}567 files");
        assert_eq!(grouped(9999), "9999");
    }

    #[test]
    fn places_are_named() {
        assert_eq!(places("a {x} {y_z} {} {Q}"), ["x", "y_z"]);
    }
}
