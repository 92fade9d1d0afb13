//! Everything that has to go, as one automaton: where it stands in a text, and what comes instead.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, Input, MatchKind};

/// Where a name counts as itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Anywhere, also inside of longer words: it is long and no ordinary word.
    Anywhere,
    /// Where no letter or digit touches it.
    Word,
    /// Where it stands quite alone or by an `@`: it is so short that it could be anything.
    Alone,
}

/// A thing that has to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// It, in lower case.
    pub text: String,
    /// What comes instead; as long as it, but for secrets.
    pub given: String,
    /// Where it counts.
    pub strength: Strength,
}

impl Entry {
    /// An entry as strong as its text allows.
    pub fn new(text: &str, given: &str) -> Self {
        let odd = text.contains('.') || text.contains(|c: char| c.is_ascii_digit());
        let letters = text.contains(|c: char| c.is_ascii_alphabetic());
        let strength = match text.len() {
            ..=3 if !odd => Strength::Alone,
            5.. if odd && letters => Strength::Anywhere,
            _ => Strength::Word,
        };
        Self {
            text: text.to_owned(),
            given: given.to_owned(),
            strength,
        }
    }
}

/// The automaton with its entries.
#[derive(Clone, Debug)]
pub struct Lexicon {
    entries: Vec<Entry>,
    automaton: Option<AhoCorasick>,
}

impl Lexicon {
    /// Of these entries.
    ///
    /// # Errors
    /// When they are more than an automaton can hold.
    pub fn new(entries: Vec<Entry>) -> Result<Self, String> {
        let texts = entries.iter().map(|entry| entry.text.as_bytes());
        let automaton = match entries.is_empty() {
            true => None,
            false => Some(
                AhoCorasickBuilder::new()
                    .ascii_case_insensitive(true)
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(texts)
                    .map_err(|error| error.to_string())?,
            ),
        };
        Ok(Self { entries, automaton })
    }

    /// Every entry.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Finds what has to go, from the left, the longest first.
    pub fn find(&self, text: &[u8], out: &mut dyn FnMut(usize, usize, &Entry)) {
        let Some(automaton) = &self.automaton else {
            return;
        };
        let mut at = 0;
        while let Some(found) = automaton.find(Input::new(text).range(at..)) {
            let (begin, end) = (found.start(), found.end());
            at = begin + 1;
            let Some(entry) = self.entries.get(found.pattern().as_usize()) else {
                continue;
            };
            if counts(text, begin, end, entry.strength) {
                out(begin, end, entry);
                at = end;
            } else if let Some((shorter, entry)) = self.shorter(text, begin, end) {
                out(begin, shorter, entry);
                at = shorter;
            }
        }
    }

    /// A shorter entry at the same place, where the longest does not count.
    fn shorter(&self, text: &[u8], begin: usize, end: usize) -> Option<(usize, &Entry)> {
        let automaton = self.automaton.as_ref()?;
        let mut end = end;
        while end > begin + 1 {
            end -= 1;
            let input = Input::new(text)
                .range(begin..end)
                .anchored(aho_corasick::Anchored::No);
            let found = automaton
                .find(input)
                .filter(|found| found.start() == begin)?;
            let entry = self.entries.get(found.pattern().as_usize())?;
            if counts(text, begin, found.end(), entry.strength) {
                return Some((found.end(), entry));
            }
            end = found.end();
        }
        None
    }
}

/// True where an entry counts as itself.
fn counts(text: &[u8], begin: usize, end: usize, strength: Strength) -> bool {
    let before = text.get(..begin).unwrap_or_default();
    let behind = text.get(end).copied();
    let last = before.last().copied();
    let touches = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let apart = !touches(last) || escaped(before);
    match strength {
        Strength::Anywhere => true,
        Strength::Word => apart && !touches(behind),
        Strength::Alone => {
            let part = |byte: Option<u8>| {
                byte.is_some_and(|byte| {
                    byte.is_ascii_alphanumeric()
                        || matches!(byte, b'.' | b'-' | b'_' | b'/' | b'\\')
                })
            };
            // a full stop ends a sentence
            let stop =
                behind == Some(b'.') && !text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
            (!part(last) || escaped(before)) && (!part(behind) || stop)
        }
    }
}

/// True behind a sign that is written by its number: `%40`, `=40`, `\x40`, `\n`.
fn escaped(before: &[u8]) -> bool {
    match before {
        [.., b'%' | b'=', a, b] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        [.., b'\\', b'x', a, b] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        [.., b'\\', b'n' | b'r' | b't'] => true,
        _ => false,
    }
}
