//! One literal index over all rules: which records are worth parsing, which signals worth testing.

use super::scan::Scan;
use super::table::Table;
use crate::catalog::condition::LITERAL_BYTES;
use crate::model::format::{FORMATS, FormatDef};
use crate::model::hit::SignalId;

/// The index of one parser.
#[derive(Debug)]
pub struct ParserIndex {
    parser: &'static str,
    /// Every record has to be parsed.
    all: bool,
    /// Finds literals.
    scan: Scan,
    /// By the number of a literal, the signals it may stand for.
    signals: Vec<Vec<SignalId>>,
    /// Signals that no literal stands for.
    free: Vec<SignalId>,
}

/// The index over a catalog.
#[derive(Debug)]
pub struct Index {
    parsers: Vec<ParserIndex>,
}

impl Index {
    /// Builds the index. Fails only when the literals exceed what an automaton can hold.
    pub fn new(table: &Table<'_>) -> anyhow::Result<Self> {
        let mut names: Vec<&'static str> = FORMATS.iter().flat_map(FormatDef::parsers).collect();
        names.sort_unstable();
        names.dedup();
        let parsers = names
            .into_iter()
            .map(|parser| ParserIndex::new(table, parser))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { parsers })
    }

    /// The index of a parser; there is one for every parser that any format names.
    pub fn of(&self, parser: &str) -> Option<&ParserIndex> {
        self.parsers.iter().find(|index| index.parser == parser)
    }
}

impl ParserIndex {
    /// Positions in `bytes` of records that may matter, one in each line at most; `None` when
    /// every record has to be parsed.
    pub fn picks(&self, bytes: &[u8]) -> Option<Vec<usize>> {
        (!self.all).then(|| self.scan.places(bytes))
    }

    /// Signals that a record with this text may fit, in ascending order; of those that ask for
    /// the same only the first.
    pub fn candidates(&self, text: &str, out: &mut Vec<SignalId>) {
        out.clear();
        out.extend_from_slice(&self.free);
        self.scan.each(text.as_bytes(), &mut |literal| {
            out.extend(self.signals.get(literal).into_iter().flatten());
        });
        out.sort_unstable();
        out.dedup();
    }

    fn new(table: &Table<'_>, parser: &'static str) -> anyhow::Result<Self> {
        let mut all = false;
        let mut free = Vec::new();
        let mut literals: Vec<(String, SignalId)> = Vec::new();
        for entry in table
            .entries()
            .iter()
            .filter(|entry| entry.first == entry.id)
        {
            let Some(def) = FORMATS
                .get(usize::from(entry.signal.format))
                .filter(|def| def.parsers().any(|name| name == parser))
            else {
                continue;
            };
            let anchored = !entry.signal.literals.is_empty()
                && entry
                    .signal
                    .literals
                    .iter()
                    .all(|l| l.len() >= LITERAL_BYTES);
            if anchored && !def.always_parsed {
                literals.extend(
                    entry
                        .signal
                        .literals
                        .iter()
                        .map(|l| (l.to_ascii_lowercase(), entry.id)),
                );
            } else {
                free.push(entry.id);
                all = true;
            }
        }
        literals.sort();
        let mut words: Vec<String> = Vec::new();
        let mut signals: Vec<Vec<SignalId>> = Vec::new();
        for (word, id) in literals {
            match signals.last_mut() {
                Some(ids) if words.last() == Some(&word) => ids.push(id),
                _ => {
                    words.push(word);
                    signals.push(vec![id]);
                }
            }
        }
        let scan = Scan::new(words.iter().map(String::as_str))?;
        Ok(Self {
            parser,
            all,
            scan,
            signals,
            free,
        })
    }
}
