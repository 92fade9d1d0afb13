//! What one check found, before it is put into words.

pub use crate::model::check::Outcome;

/// Longest piece of what a server said, in characters.
const LONGEST: usize = 300;
/// Pieces of evidence and statements of one finding.
const MOST: usize = 40;

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check: `reachable`, `login`, `encoding`, …
    pub id: &'static str,
    /// The node it is about, where it is about one.
    pub about: Option<String>,
    /// How it came out.
    pub outcome: Outcome,
    /// Key of the words that say so; what it means and how it is mended stand below it as `.means`
    /// and `.mend`.
    pub key: &'static str,
    /// Places to fill in these words.
    pub places: Vec<(&'static str, String)>,
    /// What server and system said, as they said it, bounded.
    pub evidence: Vec<String>,
    /// Statements or lines that mend it, ready to copy.
    pub statements: Vec<String>,
}

impl Finding {
    /// A finding that fills no places.
    pub fn new(outcome: Outcome, id: &'static str, key: &'static str) -> Self {
        Self {
            id,
            about: None,
            outcome,
            key,
            places: Vec::new(),
            evidence: Vec::new(),
            statements: Vec::new(),
        }
    }

    /// All is as it has to be.
    pub fn ok(id: &'static str, key: &'static str) -> Self {
        Self::new(Outcome::Ok, id, key)
    }

    /// Something does not work.
    pub fn problem(id: &'static str, key: &'static str) -> Self {
        Self::new(Outcome::Problem, id, key)
    }

    /// Something works today and will not in a case that comes.
    pub fn warning(id: &'static str, key: &'static str) -> Self {
        Self::new(Outcome::Warning, id, key)
    }

    /// It was tried and cannot be told.
    pub fn unknown(id: &'static str, key: &'static str) -> Self {
        Self::new(Outcome::Unknown, id, key)
    }

    /// It was not tried.
    pub fn skipped(id: &'static str, key: &'static str) -> Self {
        Self::new(Outcome::Skipped, id, key)
    }

    /// Names the node it is about; also the place `{node}`.
    pub fn about(mut self, node: &str) -> Self {
        self.about = Some(bounded(node));
        self.place("node", node)
    }

    /// Fills a place.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and borrowed texts alike"
    )]
    pub fn place(mut self, name: &'static str, value: impl ToString) -> Self {
        self.places.push((name, bounded(&value.to_string())));
        self
    }

    /// Adds what server or system said.
    pub fn saw(mut self, text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        if self.evidence.len() < MOST && !text.is_empty() {
            self.evidence.push(bounded(text));
        }
        self
    }

    /// Adds a statement or line that mends it.
    pub fn mend(mut self, statement: impl Into<String>) -> Self {
        if self.statements.len() < MOST {
            self.statements.push(statement.into());
        }
        self
    }
}

/// The beginning of a text; `…` shows a cut.
pub(super) fn bounded(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or("")),
    }
}

/// A name as SQL takes it, whatever stands in it.
pub(super) fn quoted(name: &str) -> String {
    let plain = name
        .bytes()
        .enumerate()
        .all(|(at, b)| b.is_ascii_lowercase() || b == b'_' || (at > 0 && b.is_ascii_digit()));
    if plain && !name.is_empty() && !RESERVED.split(' ').any(|word| word == name) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Words that are no names in SQL without quotes (appendix "SQL Key Words" of PostgreSQL's manual),
/// and `public`, which is no role.
const RESERVED: &str = "all analyse analyze and any array as asc asymmetric authorization binary both case cast \
    check collate collation column concurrently constraint create cross current_catalog \
    current_date current_role current_schema current_time current_timestamp current_user \
    default deferrable desc distinct do else end except false fetch for foreign freeze from \
    full grant group having ilike in initially inner intersect into is isnull join lateral \
    leading left like limit localtime localtimestamp natural not notnull null offset on only \
    or order outer overlaps placing primary public references returning right select \
    session_user similar some symmetric system_user table tablesample then to trailing true \
    union unique user using variadic verbose when where window with";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_have_to_be() {
        for (name, wanted) in [
            ("tc_messages", "tc_messages"),
            ("Chat", "\"Chat\""),
            ("a\"b", "\"a\"\"b\""),
            ("user", "\"user\""),
            ("2nd", "\"2nd\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(name), wanted);
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let long = "é".repeat(LONGEST + 1);
        let kept = bounded(&long);
        assert_eq!(kept.chars().count(), LONGEST + 1);
        assert!(kept.ends_with('…'));
        let found = (0..100).fold(Finding::ok("x", "k"), |found, n| found.saw(n.to_string()));
        assert_eq!(found.evidence.len(), MOST);
    }
}
