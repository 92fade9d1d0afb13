//! All signals of a catalog in one numbered list.

use std::collections::HashMap;

use crate::catalog::fault::{Clause, Correlation, Fact, Relation, Signal, Tells, Term};
use crate::catalog::{Catalog, FactRule, Fault};
use crate::model::hit::SignalId;

/// The rule a signal belongs to, as an index into the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A fault.
    Fault(usize),
    /// A fact rule.
    Fact(usize),
}

/// What a signal's hits are needed for, which decides how many of them are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// They prove something: every one counts.
    Proof,
    /// They end or forbid a conclusion: after each proof the next one counts, and a few others.
    Contrast,
    /// They tell who is who: the first and the last count.
    Fact,
}

/// A numbered signal.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'c> {
    /// Its number.
    pub id: SignalId,
    /// Its rule.
    pub owner: Owner,
    /// Its place among the rule's signals.
    pub place: u16,
    /// The signal.
    pub signal: &'c Signal,
    /// What it is needed for.
    pub usage: Use,
    /// The first signal that asks for the same and takes the same: itself, unless rules share a
    /// question, as faults that are cleared by one kind of record do.
    pub first: SignalId,
}

/// All signals of a catalog.
#[derive(Clone, Debug)]
pub struct Table<'c> {
    /// The catalog.
    pub catalog: &'c Catalog,
    entries: Vec<Entry<'c>>,
    /// By the number of the first of them, all signals that ask for the same, ascending.
    same: Vec<Vec<SignalId>>,
}

impl<'c> Table<'c> {
    /// Numbers the signals of faults, then those of facts.
    pub fn new(catalog: &'c Catalog) -> Self {
        let mut entries = Vec::new();
        let mut questions = HashMap::new();
        let mut add = |owner, place: usize, signal: &'c Signal, usage| {
            if let (Ok(id), Ok(place)) = (u32::try_from(entries.len()), u16::try_from(place)) {
                let question = (signal.format, &signal.condition, &signal.binds);
                let first = *questions.entry(question).or_insert(SignalId(id));
                entries.push(Entry {
                    id: SignalId(id),
                    owner,
                    place,
                    signal,
                    usage,
                    first,
                });
            }
        };
        for (at, fault) in catalog.faults.iter().enumerate() {
            for (place, signal) in fault.signals.iter().enumerate() {
                let usage = if proves(fault, place) {
                    Use::Proof
                } else {
                    Use::Contrast
                };
                add(Owner::Fault(at), place, signal, usage);
            }
        }
        for (at, rule) in catalog.facts.iter().enumerate() {
            for (place, signal) in rule.signals.iter().enumerate() {
                let usage = if timed(rule, place) {
                    Use::Proof
                } else {
                    Use::Fact
                };
                add(Owner::Fact(at), place, signal, usage);
            }
        }
        let mut same = vec![Vec::new(); entries.len()];
        for entry in &entries {
            if let Some(ids) = same.get_mut(entry.first.0 as usize) {
                ids.push(entry.id);
            }
        }
        Self {
            catalog,
            entries,
            same,
        }
    }

    /// Every signal in the order of its number.
    pub fn entries(&self) -> &[Entry<'c>] {
        &self.entries
    }

    /// All signals that ask for the same as this one, ascending; none unless it is their first.
    pub fn same(&self, first: SignalId) -> &[SignalId] {
        let ids = self.same.get(first.0 as usize);
        ids.map_or(&[], Vec::as_slice)
    }

    /// The signal with this number.
    pub fn get(&self, id: SignalId) -> Option<&Entry<'c>> {
        self.entries.get(usize::try_from(id.0).ok()?)
    }

    /// Place of a bound name in the values of a signal's hits.
    pub fn value_place(&self, id: SignalId, name: &str) -> Option<usize> {
        self.get(id)?
            .signal
            .binds
            .iter()
            .position(|bind| bind.name == name)
    }
}

/// The terms that a clause needs to be there.
pub fn needed(clause: &Clause) -> impl Iterator<Item = Term> + '_ {
    clause.all.iter().chain(&clause.any).copied()
}

/// The signals whose hits are proof when this correlation holds.
pub fn proof_signals(correlation: &Correlation) -> Vec<u16> {
    match &correlation.relation {
        Relation::Absence { anchor, .. } => vec![*anchor],
        _ => correlation.of.clone(),
    }
}

fn proves(fault: &Fault, place: usize) -> bool {
    let is = |signal: u16| usize::from(signal) == place;
    fault.when.iter().flat_map(needed).any(|term| match term {
        Term::Signal(signal) => is(signal),
        Term::Correlation(at) => fault
            .correlations
            .get(usize::from(at))
            .is_some_and(|c| proof_signals(c).into_iter().any(is)),
    })
}

/// Windows, inferences, shared instants and states need the times of all their hits.
fn timed(rule: &FactRule, place: usize) -> bool {
    let is = |signal: u16| usize::from(signal) == place;
    let every = |fact: &Fact| {
        matches!(fact.tells, Tells::Clock { .. } | Tells::State { .. })
            && fact.signal.is_none_or(is)
    };
    if rule.facts.iter().any(every) {
        return true;
    }
    rule.inferences
        .iter()
        .any(|i| is(i.name_of) || is(i.address_of))
        || rule
            .windows
            .iter()
            .any(|w| is(w.start) || w.end.is_some_and(is))
}
