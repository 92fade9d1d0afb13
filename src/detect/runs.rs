//! Hits folded while they come, within a stated budget.
//!
//! A run holds the hits of one signal with the same raw values in one file. Text is kept while
//! the budget lasts; then only time and line; beyond the cap of a run only the number. What that
//! costs is counted by file: proof that is only a number is no loss, for its first and last hit
//! stand; a record without any run is one, and so is contrast that followed proof.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::table::{Entry, Owner, Table, Use};
use crate::model::hit::{Hit, Lost, Run, RunHit, SignalId, Values};
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

    /// The most hits that they can have: of each run also the first and the last one, and two
    /// that may be needed to answer a proof.
    pub fn most_hits(&self, signals: usize) -> usize {
        self.all_hits + 4 * self.most_runs(signals)
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

/// A run as it grows.
#[derive(Clone, Debug)]
struct Growing {
    run: Run,
    usage: Use,
    /// The talk that its hits belong to; facts belong to none.
    talk: Option<usize>,
    /// How many of its first hits stay whatever comes.
    stays: usize,
    /// There is no more room: behind those that stay are at most an answer and the last hit.
    closed: bool,
    /// The first hit behind those that stay is an answer.
    answer: bool,
}

/// Collects hits in the order of (file, line).
#[derive(Clone, Debug)]
pub struct Folder<'t, 'c> {
    table: &'t Table<'c>,
    budget: Budget,
    /// For every file, question and answer the place of its runs in `asked`.
    places: HashMap<(u32, SignalId, Values), usize>,
    /// The runs of all signals that ask for the same, as many as there was room for.
    asked: Vec<Box<[Option<usize>]>>,
    runs: Vec<Growing>,
    talks: HashMap<Talk, usize>,
    /// For each talk, true when proof came after the last contrast.
    open: Vec<bool>,
    /// By the number of the signal.
    shares: Vec<Share>,
    hits: usize,
    text_bytes: usize,
    /// No more hits than two of every run, and answers: the budget was used up once.
    full: bool,
    lost: BTreeMap<u32, Lost>,
    /// File and line of the last record that was lost: several rules may match it.
    last_lost: Option<(u32, u64)>,
}

impl<'t, 'c> Folder<'t, 'c> {
    /// An empty folder.
    pub fn new(table: &'t Table<'c>, budget: Budget) -> Self {
        Self {
            table,
            budget,
            places: HashMap::new(),
            asked: Vec::new(),
            runs: Vec::new(),
            talks: HashMap::new(),
            open: Vec::new(),
            shares: vec![Share::default(); table.entries().len()],
            hits: 0,
            text_bytes: 0,
            full: false,
            lost: BTreeMap::new(),
            last_lost: None,
        }
    }

    /// Adds a hit to the runs of all signals that ask for the same; hits of a file come in line
    /// order.
    pub fn add(&mut self, file: u32, hit: &Hit) {
        let place = self.place(file, hit);
        for (nth, id) in self.table.same(hit.signal).iter().enumerate() {
            let runs = place.and_then(|at| self.asked.get(at));
            match runs.and_then(|runs| runs.get(nth).copied().flatten()) {
                Some(at) => self.extend(at, hit),
                None => self.lose(file, *id, hit.line),
            }
        }
    }

    /// The place of the runs of a hit; new ones if there is room for any. What has no run leaves
    /// no trace here, so that a storm of values fills no memory.
    fn place(&mut self, file: u32, hit: &Hit) -> Option<usize> {
        let key = (file, hit.signal, hit.values.clone());
        if let Some(at) = self.places.get(&key) {
            return Some(*at);
        }
        let asking = self.table.same(hit.signal).iter();
        let runs: Box<[_]> = asking.map(|id| self.open_run(file, *id, hit)).collect();
        runs.iter().any(Option::is_some).then(|| {
            self.asked.push(runs);
            self.places.insert(key, self.asked.len() - 1);
            self.asked.len() - 1
        })
    }

    /// Adds a hit to a run.
    fn extend(&mut self, at: usize, hit: &Hit) {
        let answers = self.answers(at);
        self.make_room(at, answers, hit.time);
        self.push(at, answers, hit);
    }

    /// A new run, if there is room for one.
    fn open_run(&mut self, file: u32, signal: SignalId, hit: &Hit) -> Option<usize> {
        let entry = self.table.get(signal)?;
        let share = self.shares.get_mut(signal.0 as usize)?;
        if self.runs.len() >= self.budget.runs && share.runs >= self.budget.own_runs {
            return None;
        }
        share.runs += 1;
        let talk = (entry.usage != Use::Fact).then(|| self.talk(file, entry, &hit.values));
        self.runs.push(Growing {
            run: Run {
                file,
                signal,
                values: hit.values.clone(),
                hits: Vec::new(),
                dropped: 0,
            },
            usage: entry.usage,
            talk,
            stays: 0,
            closed: false,
            answer: false,
        });
        Some(self.runs.len() - 1)
    }

    /// The number of the talk in which a signal's values were said.
    fn talk(&mut self, file: u32, entry: &Entry<'_>, values: &Values) -> usize {
        let value = |name| {
            let at = self.table.value_place(entry.id, name)?;
            values.get(at).cloned().flatten()
        };
        let talk = (file, entry.owner, value("node"), value("peer"));
        let next = self.open.len();
        let at = *self.talks.entry(talk).or_insert(next);
        self.open.resize(next.max(at + 1), false);
        at
    }

    /// Counts a record for which there is no run.
    fn lose(&mut self, file: u32, signal: SignalId, line: u64) {
        let lost = self.lost.entry(file).or_default();
        lost.signals.insert(signal);
        let place = (file, line);
        if self.last_lost.replace(place) != Some(place) {
            lost.records += 1;
        }
    }

    /// Takes hits from the end of a run where the next one needs their place.
    fn make_room(&mut self, at: usize, answers: bool, time: RawTime) {
        self.full |= self.hits >= self.budget.all_hits;
        let most = if self.full { 2 } else { self.budget.hits };
        let Some(growing) = self.runs.get_mut(at) else {
            return;
        };
        let hits = &mut growing.run.hits;
        if !growing.closed && hits.len() >= most {
            growing.closed = true;
            growing.stays = growing.stays.max(hits.len().saturating_sub(1));
        }
        let keep = match growing.usage {
            _ if growing.closed && answers => growing.stays,
            _ if growing.closed => growing.stays + usize::from(growing.answer),
            Use::Proof => hits.len(),
            // the last hit is always kept in the last place; it goes if the next one says as much
            Use::Contrast if !answers && repeats(hits, time) => {
                growing.stays.max(hits.len().saturating_sub(1))
            }
            Use::Contrast => hits.len(),
            Use::Fact => 1,
        };
        let keep = keep.min(hits.len());
        let gone = hits.len() - keep;
        let text = hits.drain(keep..).filter_map(|hit| hit.excerpt);
        let text: usize = text.map(|text| text.len()).sum();
        if growing.closed && answers {
            // an earlier answer, or what stood before the proof
            growing.answer = true;
            if gone > 0 {
                let lost = self.lost.entry(growing.run.file).or_default();
                lost.answers += gone as u64;
                lost.signals.insert(growing.run.signal);
            }
        }
        growing.run.dropped += gone as u64;
        self.hits -= gone;
        self.text_bytes -= text;
        if let Some(share) = self.shares.get_mut(growing.run.signal.0 as usize) {
            share.text -= text;
        }
    }

    /// Puts a hit at the end of its run, with its text if there is room for that.
    fn push(&mut self, at: usize, answers: bool, hit: &Hit) {
        let Some(growing) = self.runs.get_mut(at) else {
            return;
        };
        let Some(share) = self.shares.get_mut(growing.run.signal.0 as usize) else {
            return;
        };
        let rest = self.budget.text_bytes.saturating_sub(self.text_bytes);
        let room = rest.max(self.budget.own_text.saturating_sub(share.text));
        let excerpt = (hit.excerpt.len() <= room).then(|| hit.excerpt.clone());
        let size = excerpt.as_ref().map_or(0, |text| text.len());
        self.hits += 1;
        self.text_bytes += size;
        share.text += size;
        growing.run.hits.push(RunHit {
            time: hit.time,
            line: hit.line,
            wire: hit.wire.clone(),
            hash: hit.hash,
            excerpt,
        });
        if answers && !growing.closed {
            growing.stays = growing.run.hits.len();
        }
    }

    /// True for the first contrast after proof of the same talk.
    fn answers(&mut self, at: usize) -> bool {
        let growing = self.runs.get(at);
        let talk = growing.and_then(|growing| Some((growing.usage, growing.talk?)));
        let open = talk.and_then(|(usage, talk)| Some((usage, self.open.get_mut(talk)?)));
        open.is_some_and(|(usage, open)| {
            let before = std::mem::replace(open, usage == Use::Proof);
            usage == Use::Contrast && before
        })
    }

    /// The runs in the order of (file, signal, values), and what each file lost.
    pub fn finish(mut self) -> (Vec<Run>, BTreeMap<u32, Lost>) {
        let mut runs: Vec<Run> = self.runs.into_iter().map(|growing| growing.run).collect();
        runs.sort_by(|a, b| (a.file, a.signal, &a.values).cmp(&(b.file, b.signal, &b.values)));
        let bare = |run: &Run| {
            let file = run.file;
            let hits = run.hits.iter().filter(|hit| hit.excerpt.is_none());
            hits.map(move |hit| (file, hit.line)).collect::<Vec<_>>()
        };
        let bare: BTreeSet<(u32, u64)> = runs.iter().flat_map(bare).collect();
        for (file, _) in bare {
            self.lost.entry(file).or_default().texts += 1;
        }
        (runs, self.lost)
    }
}

/// True when the last kept hit adds nothing between the one before it and the new one.
fn repeats(hits: &[RunHit], new: RawTime) -> bool {
    let [.., before, _] = hits else { return false };
    match (ticks(before.time), ticks(new)) {
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
            wire: None,
            hash: 0,
            values: vec![Some("n".into())].into(),
            excerpt: "text".into(),
        }
    }

    /// The hits of (signal, second, node) of one file, folded.
    fn folded(budget: Budget, hits: &[(u32, i64, &str)]) -> (Vec<Run>, Lost) {
        let catalog = catalog();
        let table = Table::new(&catalog);
        let mut folder = Folder::new(&table, budget);
        for (signal, second, node) in hits {
            let values = vec![Some((*node).into())].into();
            let hit = Hit {
                values,
                ..hit(*signal, *second)
            };
            folder.add(7, &hit);
        }
        let (runs, lost) = folder.finish();
        assert!(lost.keys().all(|file| *file == 7));
        (runs, lost.get(&7).cloned().unwrap_or_default())
    }

    fn lines(budget: Budget, hits: &[(u32, i64)]) -> Vec<(Vec<u64>, u64)> {
        let hits: Vec<_> = hits
            .iter()
            .map(|(signal, at)| (*signal, *at, "n"))
            .collect();
        let (runs, lost) = folded(budget, &hits);
        assert_eq!(lost, Lost::default());
        runs.iter()
            .map(|run| (lines_of(run), run.dropped))
            .collect()
    }

    fn lines_of(run: &Run) -> Vec<u64> {
        run.hits.iter().map(|hit| hit.line).collect()
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

    #[test]
    fn what_has_no_run_is_counted_by_record() {
        let budget = Budget {
            runs: 1,
            own_runs: 1,
            ..Budget::default()
        };
        // both signals match the records of b
        let hits = [
            (0, 1, "a"),
            (1, 1, "a"),
            (0, 2, "b"),
            (1, 2, "b"),
            (0, 3, "b"),
            (0, 4, "a"),
        ];
        let (runs, lost) = folded(budget, &hits);
        assert_eq!(
            runs.iter().map(lines_of).collect::<Vec<_>>(),
            [vec![1, 4], vec![1]]
        );
        assert_eq!(lost.records, 2);
        assert_eq!(lost.signals, [SignalId(0), SignalId(1)].into());
        assert!(lost.matters());
    }

    #[test]
    fn every_talk_is_followed_however_many_there_are() {
        let nodes: Vec<String> = (0..100).map(|at| at.to_string()).collect();
        let budget = Budget {
            runs: 10,
            own_runs: 100,
            ..Budget::default()
        };
        let mut hits = Vec::new();
        for node in &nodes {
            hits.extend([
                (1, 1, node.as_str()),
                (0, 2, node),
                (1, 3, node),
                (1, 4, node),
                (1, 5, node),
            ]);
        }
        let (runs, lost) = folded(budget, &hits);
        assert_eq!(lost, Lost::default());
        assert_eq!(runs.len(), 200);
        for run in runs.iter().filter(|run| run.signal == SignalId(1)) {
            assert_eq!(lines_of(run), [1, 3, 5]);
        }
    }

    #[test]
    fn beyond_the_budget_the_last_answer_stays_and_lost_ones_are_counted() {
        let budget = Budget {
            all_hits: 4,
            ..Budget::default()
        };
        let storm = [(0, 1, "n"), (1, 2, "n"), (0, 3, "n"), (1, 4, "n")];
        let answered = [
            (0, 1000, "n"),
            (1, 1001, "n"),
            (1, 2000, "n"),
            (1, 3000, "n"),
        ];
        let (runs, lost) = folded(budget, &[storm, answered].concat());
        assert_eq!(lines_of(&runs[0]), [1, 1000]);
        assert_eq!(lines_of(&runs[1]), [2, 4, 1001, 3000]);
        assert_eq!((runs[1].dropped, lost), (1, Lost::default()));
        // the answer to the proof before the last one is gone
        let again = [(0, 4000, "n"), (1, 4001, "n"), (1, 5000, "n")];
        let (runs, lost) = folded(budget, &[&storm[..], &answered, &again].concat());
        assert_eq!(lines_of(&runs[1]), [2, 4, 4001, 5000]);
        assert_eq!((lost.records, lost.answers), (0, 2));
        assert_eq!(lost.signals, [SignalId(1)].into());
        assert!(lost.matters());
    }

    #[test]
    fn proof_that_is_only_a_number_is_no_loss() {
        let hits: Vec<_> = (1..100).map(|second| (0, second, "n")).collect();
        let budget = Budget {
            hits: 10,
            all_hits: 20,
            text_bytes: 20,
            own_text: 0,
            ..Budget::default()
        };
        let (runs, lost) = folded(budget, &hits);
        assert_eq!((runs[0].hits.len(), runs[0].dropped), (10, 89));
        // of ten hits with four bytes of text each, five keep it
        assert_eq!((lost.records, lost.answers, lost.texts), (0, 0, 5));
        assert!(!lost.matters());
    }
}
