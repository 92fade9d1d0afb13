//! Text from input, made safe to show.
//!
//! A log line may carry terminal commands, line breaks, characters that turn the reading
//! direction round, or characters that cannot be seen. All of them are made visible; everything
//! else stays as written. JSON needs none of this: it keeps the text and escapes it by its own
//! rules.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Makes a text safe for one line: a tab becomes a space, a line feed is shown as `\n`.
pub fn line(text: &str) -> Cow<'_, str> {
    clean(text, false)
}

/// Makes a text of several lines safe: line feeds stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    clean(text, true)
}

/// Fields that hold a record as written; its line feeds are its own.
const RECORDS: [&str; 1] = ["excerpt"];
/// Fields that hold sentences, in which a line feed is no more than a space.
const SENTENCES: [&str; 6] = [
    "title", "summary", "because", "collect", "expected", "notes",
];

/// What becomes of line feeds.
#[derive(Clone, Copy)]
enum Feeds {
    Keep,
    Space,
    Show,
}

impl Feeds {
    fn of_field(name: &str) -> Self {
        if RECORDS.contains(&name) {
            Self::Keep
        } else if SENTENCES.contains(&name) {
            Self::Space
        } else {
            Self::Show
        }
    }
}

/// A copy of a value in which every text is safe, including those of fields that do not exist
/// yet. Only the text of a record keeps its line feeds, so that no name can forge a line.
///
/// # Errors
/// When the value is not a tree of plain data, which no report is.
pub fn value<T: Serialize + DeserializeOwned>(value: &T) -> serde_json::Result<T> {
    let mut tree = serde_json::to_value(value)?;
    clean_tree(&mut tree, Feeds::Show);
    serde_json::from_value(tree)
}

fn clean_tree(tree: &mut Value, feeds: Feeds) {
    match tree {
        Value::String(text) => clean_text(text, feeds),
        Value::Array(items) => items.iter_mut().for_each(|item| clean_tree(item, feeds)),
        Value::Object(fields) => {
            let clean_entry = |(key, mut item): (String, Value)| {
                clean_tree(&mut item, Feeds::of_field(&key));
                (line(&key).into_owned(), item)
            };
            *fields = std::mem::take(fields)
                .into_iter()
                .map(clean_entry)
                .collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn clean_text(text: &mut String, feeds: Feeds) {
    let safe = match feeds {
        Feeds::Keep => lines(text),
        Feeds::Space => Cow::Owned(line(&text.trim_end().replace('\n', " ")).into_owned()),
        Feeds::Show => line(text),
    };
    if let Cow::Owned(safe) = safe {
        *text = safe;
    }
}

fn clean(text: &str, keep_line_feeds: bool) -> Cow<'_, str> {
    let harmless = |c: char| (keep_line_feeds && c == '\n') || !(c == '\t' || hidden(c));
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if harmless(c) {
            out.push(c);
        } else {
            show(c, &mut out);
        }
    }
    Cow::Owned(out)
}

fn show(c: char, out: &mut String) {
    match c {
        '\t' => out.push(' '),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        c if u32::from(c) < 0x100 => _ = write!(out, "\\x{:02x}", u32::from(c)),
        c => _ = write!(out, "\\u{{{:x}}}", u32::from(c)),
    }
}

/// True for characters that command a terminal, reorder or break a line, or cannot be seen.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' // Mongolian selectors and separator
            | '\u{200b}'..='\u{200f}' // zero width, direction marks
            | '\u{2028}'..='\u{202e}' // separators of lines and paragraphs, embeddings, overrides
            | '\u{2060}'..='\u{206f}' // word joiner, invisible operators, isolates
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fe00}'..='\u{fe0f}' // variation selectors
            | '\u{fff0}'..='\u{fffb}' // annotations
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}' // tags, more selectors
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terminal_commands_become_visible() {
        assert_eq!(line("a\x1b[31mred\x07"), "a\\x1b[31mred\\x07");
        assert_eq!(line("\u{9b}2J"), "\\x9b2J");
        assert_eq!(line("one\r\ntwo\tx"), "one\\r\\ntwo x");
        assert_eq!(lines("one\ntwo\u{7f}"), "one\ntwo\\x7f");
    }

    #[test]
    fn direction_and_width_tricks_become_visible() {
        assert_eq!(
            line("a\u{202e}b\u{2066}c\u{200f}d\u{61c}"),
            "a\\u{202e}b\\u{2066}c\\u{200f}d\\u{61c}"
        );
        assert_eq!(line("ad\u{200b}min\u{feff}"), "ad\\u{200b}min\\u{feff}");
        assert_eq!(
            line("x\u{2028}y\u{2029}z\u{85}"),
            "x\\u{2028}y\\u{2029}z\\x85"
        );
        assert_eq!(line("t\u{e0041}"), "t\\u{e0041}");
    }

    #[test]
    fn ordinary_text_is_not_copied() {
        for text in [
            "한국어 텍스트",
            "não — é",
            "e\u{301}",
            "😀 \\x1b as written",
            "",
        ] {
            assert!(matches!(line(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn every_text_of_a_value_is_made_safe() {
        let map = std::collections::BTreeMap::from([(
            "k\x1b".to_owned(),
            vec![Some("v\u{202e}".to_owned()), None],
        )]);
        let safe = value(&map).unwrap();
        assert_eq!(
            safe.get("k\\x1b").unwrap()[0].as_deref(),
            Some("v\\u{202e}")
        );
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            let safe = line(&text);
            prop_assert!(!safe.chars().any(hidden));
            prop_assert_eq!(line(&safe), safe.as_ref());
        }
    }
}
