//! Hits folded while they come, within a stated budget.
//!
//! A run holds the hits of one signal with the same raw values in one file. Text is kept while
//! the budget lasts; then only time and line; beyond the cap of a run only the number.

use std::collections::HashMap;
use std::sync::Arc;

use super::table::{Owner, Table, Use};
use crate::model::hit::{Hit, Run, RunHit, SignalId, Values};
use crate::model::time::{RawTime, SECOND};

/// How much of the hits is kept.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Bytes of excerpts over all runs.
    pub text_bytes: usize,
    /// Hits of one run.
    pub hits: usize,
    /// Hits over all runs; beyond it every run still has a first and a last one.
    pub all_hits: usize,
    /// Runs.
    pub runs: usize,
    /// Runs that every signal may have even when a storm of others has used up the rest.
    pub own_runs: usize,
    /// Bytes of excerpts that every signal may have in the same way.
    pub own_text: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            text_bytes: 16 << 20,
            hits: 50_000,
            all_hits: 250_000,
            runs: 50_000,
            own_runs: 256,
            own_text: 128 << 10,
        }
    }
}

impl Budget {
    /// The most runs that a number of signals can have.
    pub fn most_runs(&self, signals: usize) -> usize {
        self.runs + signals * self.own_runs
    }

    /// The most hits that they can have: of each run also the last one, and one that may be
    /// needed to answer a proof.
    pub fn most_hits(&self, signals: usize) -> usize {
        self.all_hits + 3 * self.most_runs(signals)
    }

    /// The most bytes of text that they can have.
    pub fn most_text(&self, signals: usize) -> usize {
        self.text_bytes + signals * self.own_text
    }
}

/// What one signal has used up.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    runs: usize,
    text: usize,
}

/// Contrast hits closer than this to the last kept one are passed over when nothing happened.
const THIN: i64 = 60 * SECOND;

/// (file, fault, node, peer): one conversation in which contrast follows proof.
type Talk = (u32, Owner, Option<Arc<str>>, Option<Arc<str>>);

/// Collects hits in the order of (file, line).
#[derive(Debug)]
pub struct Folder<'t, 'c> {
    table: &'t Table<'c>,
    budget: Budget,
    places: HashMap<(u32, SignalId, Values), usize>,
    runs: Vec<Run>,
    /// For each run how many of its first hits stay whatever comes.
    fixed: Vec<usize>,
    /// True for a talk in which proof came after the last contrast.
    open: HashMap<Talk, bool>,
    shares: HashMap<SignalId, Share>,
    hits: usize,
    text_bytes: usize,
    dropped: u64,
}

impl<'t, 'c> Folder<'t, 'c> {
    /// An empty folder.
    pub fn new(table: &'t Table<'c>, budget: Budget) -> Self {
        Self {
            table,
            budget,
            places: HashMap::new(),
            runs: Vec::new(),
            fixed: Vec::new(),
            open: HashMap::new(),
            shares: HashMap::new(),
            hits: 0,
            text_bytes: 0,
            dropped: 0,
        }
    }

    /// Adds a hit; hits of a file come in line order.
    pub fn add(&mut self, file: u32, hit: Hit) {
        let Some(entry) = self.table.get(hit.signal) else {
            return;
        };
        let (owner, usage) = (entry.owner, entry.usage);
        let answers = self.answers(file, owner, usage, &hit);
        let key = (file, hit.signal, hit.values.clone());
        let share = self.shares.entry(hit.signal).or_default();
        let at = match self.places.get(&key) {
            Some(at) => *at,
            None if self.runs.len() >= self.budget.runs && share.runs >= self.budget.own_runs => {
                self.dropped += 1;
                return;
            }
            None => {
                self.runs.push(Run {
                    file,
                    signal: hit.signal,
                    values: hit.values.clone(),
                    hits: Vec::new(),
                    dropped: 0,
                });
                self.fixed.push(0);
                share.runs += 1;
                self.places.insert(key, self.runs.len() - 1);
                self.runs.len() - 1
            }
        };
        let rest = self.budget.text_bytes.saturating_sub(self.text_bytes);
        let room = rest.max(self.budget.own_text.saturating_sub(share.text));
        let full = self.hits >= self.budget.all_hits;
        let (Some(run), Some(fixed)) = (self.runs.get_mut(at), self.fixed.get_mut(at)) else {
            return;
        };
        let excerpt = (hit.excerpt.len() <= room).then_some(hit.excerpt);
        let size = excerpt.as_ref().map_or(0, |text| text.len());
        let hit = RunHit {
            time: hit.time,
            line: hit.line,
            frame: hit.frame,
            hash: hit.hash,
            excerpt,
        };
        let most = if full { 2 } else { self.budget.hits };
        let replace = match usage {
            Use::Proof => run.hits.len() >= most,
            // the last hit is always kept in the last place; the one before it goes if it says nothing new
            Use::Contrast => run.hits.len() >= most || (!answers && repeats(&run.hits, &hit)),
            Use::Fact => run.hits.len() >= 2,
        };
        let old = if replace && run.hits.len() > *fixed {
            run.hits.pop()
        } else {
            None
        };
        if let Some(old) = old {
            run.dropped += 1;
            let size = old.excerpt.map_or(0, |text| text.len());
            self.text_bytes -= size;
            share.text -= size;
            self.hits -= 1;
        }
        run.hits.push(hit);
        self.hits += 1;
        self.text_bytes += size;
        share.text += size;
        if answers && run.hits.len() < most {
            *fixed = run.hits.len();
        }
    }

    /// True for the first contrast after proof of the same talk.
    fn answers(&mut self, file: u32, owner: Owner, usage: Use, hit: &Hit) -> bool {
        if usage == Use::Fact {
            return false;
        }
        let value = |name| {
            self.table
                .value_place(hit.signal, name)
                .and_then(|at| hit.values.get(at).cloned().flatten())
        };
        let talk = (file, owner, value("node"), value("peer"));
        if self.open.len() >= self.budget.runs && !self.open.contains_key(&talk) {
            return false;
        }
        let before = self.open.insert(talk, usage == Use::Proof);
        usage == Use::Contrast && before == Some(true)
    }

    /// The runs in the order of (file, signal, values), and the number of hits without a run.
    pub fn finish(mut self) -> (Vec<Run>, u64) {
        self.runs
            .sort_by(|a, b| (a.file, a.signal, &a.values).cmp(&(b.file, b.signal, &b.values)));
        (self.runs, self.dropped)
    }
}

/// True when the last kept hit adds nothing between the one before it and the new one.
fn repeats(hits: &[RunHit], new: &RunHit) -> bool {
    let [.., before, _] = hits else { return false };
    match (ticks(before.time), ticks(new.time)) {
        (Some(a), Some(b)) => (0..THIN).contains(&(b - a)),
        _ => false,
    }
}

/// A number that grows with the raw time within a day and a year, good for distances only.
fn ticks(time: RawTime) -> Option<i64> {
    match time {
        RawTime::Instant(t) | RawTime::Local(t) => Some(t),
        RawTime::Yearless { month, day, micros } => {
            Some((i64::from(month) * 31 + i64::from(day)) * 86_400 * SECOND + micros)
        }
        RawTime::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::catalog::compile::{RuleFile, compile};

    fn catalog() -> Catalog {
        let text = "id: a.b\nproduct: cms\nseverity: error\ntitle: t\nstatus: test\nsignals:\n  bad: {format: cms.syslog, where: {message: bad}, bind: {node: host}}\n  good: {format: cms.syslog, where: {message: good}, bind: {node: host}}\nwhen: [{all: [bad], none: [good], confidence: likely}]\n";
        compile(
            Catalog::default(),
            &[RuleFile {
                kind: "faults".into(),
                path: "t".into(),
                text: text.into(),
            }],
        )
        .unwrap()
    }

    fn hit(signal: u32, second: i64) -> Hit {
        Hit {
            signal: SignalId(signal),
            time: RawTime::Instant(second * SECOND),
            line: u64::try_from(second).unwrap(),
            frame: None,
            hash: 0,
            values: vec![Some("n".into())].into(),
            excerpt: "text".into(),
        }
    }

    fn lines(budget: Budget, hits: &[(u32, i64)]) -> Vec<(Vec<u64>, u64)> {
        let catalog = catalog();
        let table = Table::new(&catalog);
        let mut folder = Folder::new(&table, budget);
        hits.iter()
            .for_each(|(signal, second)| folder.add(0, hit(*signal, *second)));
        folder
            .finish()
            .0
            .into_iter()
            .map(|run| (run.hits.iter().map(|h| h.line).collect(), run.dropped))
            .collect()
    }

    #[test]
    fn proof_is_kept_and_contrast_is_thinned_but_never_around_proof() {
        let runs = lines(
            Budget::default(),
            &[
                (1, 1),
                (1, 2),
                (1, 3),
                (0, 4),
                (1, 5),
                (1, 6),
                (1, 7),
                (1, 80),
            ],
        );
        assert_eq!(runs[0].0, [4]);
        // first; the last before the proof; the first after it; the last
        assert_eq!(runs[1].0, [1, 3, 5, 7, 80]);
        assert_eq!(runs[1].1, 2);
    }

    #[test]
    fn beyond_the_cap_the_first_and_the_last_stay() {
        let hits: Vec<(u32, i64)> = (1..=10).map(|s| (0, s)).collect();
        let runs = lines(
            Budget {
                hits: 4,
                ..Budget::default()
            },
            &hits,
        );
        assert_eq!(runs, [(vec![1, 2, 3, 10], 6)]);
    }
}
