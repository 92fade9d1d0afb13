//! What state nodes were in, when, and why: changes only, in the order of their times.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::timeline::{Parts, Places};
use super::writers::Writers;
use super::{product_of_entry, told_by, value};
use crate::catalog::fault::{StateSource, Tells};
use crate::model::time::EventTime;

/// A node entered a state, or was seen in another than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateSeen {
    /// Index of the node.
    pub node: usize,
    /// Kind of state.
    pub name: String,
    /// The state.
    pub state: String,
    /// Why, in the words of the record.
    pub reason: Option<String>,
    /// When; a screen without a time comes after all records that have one.
    pub time: EventTime,
    /// Index of the file.
    pub file: u32,
    /// Line of the record.
    pub line: u64,
    /// The record.
    pub excerpt: Option<Arc<str>>,
}

/// The states of all nodes, by node, kind of state and time.
pub(super) fn read(parts: &Parts<'_, '_>, places: &Places) -> Vec<StateSeen> {
    let mut seen = stated(parts, places);
    seen.sort_by(|a, b| key(a).cmp(&key(b)));
    seen.dedup_by(|later, earlier| {
        let same = (later.node, &later.name) == (earlier.node, &earlier.name);
        same && later.state.eq_ignore_ascii_case(&earlier.state) && adds_nothing(later, earlier)
    });
    seen
}

/// A reason that nobody gave before, or another, is news.
fn adds_nothing(later: &StateSeen, earlier: &StateSeen) -> bool {
    match (&later.reason, &earlier.reason) {
        (Some(new), Some(old)) => new.eq_ignore_ascii_case(old),
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// The order of the history.
type Key<'s> = (usize, &'s str, bool, Option<i64>, u32, u64);

fn key(seen: &StateSeen) -> Key<'_> {
    let micros = seen.time.micros;
    let name = seen.name.as_str();
    (
        seen.node,
        name,
        micros.is_none(),
        micros,
        seen.file,
        seen.line,
    )
}

fn stated(parts: &Parts<'_, '_>, places: &Places) -> Vec<StateSeen> {
    let writers = Writers::new(parts);
    let mut seen = Vec::new();
    // overlapping bundles hold the same record twice
    let mut twins: BTreeMap<(usize, i64, u64), BTreeSet<u32>> = BTreeMap::new();
    for run in &parts.collected.runs {
        let Some(entry) = parts.table.get(run.signal) else {
            continue;
        };
        let product = product_of_entry(parts.table, entry);
        for tells in told_by(parts.table, entry.owner, entry.place) {
            let Tells::State {
                subject,
                name,
                state,
                reason,
            } = tells
            else {
                continue;
            };
            let raw = |name: &str| value(run, entry.signal, name);
            let handle = match subject {
                Some(subject) => raw(subject).and_then(|raw| parts.names.find(product, raw)),
                None => writers.of(run.file, product),
            };
            let node = handle.and_then(|at| places.get(&parts.names.node(at)).copied());
            let state = match state {
                StateSource::Fixed(word) => Some(word.as_str()),
                StateSource::Bound(name) => raw(name),
            };
            let Some((node, state)) = node.zip(state) else {
                continue;
            };
            for hit in &run.hits {
                let time = parts.clocks.at(run.file as usize, hit.time);
                let twin = (node, time.micros.unwrap_or(i64::MAX), hit.hash);
                let files = twins.entry(twin).or_default();
                files.insert(run.file);
                if files.first() != Some(&run.file) {
                    continue;
                }
                seen.push(StateSeen {
                    node,
                    name: name.clone(),
                    state: state.to_owned(),
                    reason: reason.as_deref().and_then(raw).map(str::to_owned),
                    time,
                    file: run.file,
                    line: hit.line,
                    excerpt: hit.excerpt.clone(),
                });
            }
        }
    }
    seen
}
