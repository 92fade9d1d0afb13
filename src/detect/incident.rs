//! Matches to incidents: per fault, cluster, node and peer, from the first proof until a record
//! clears it or it falls quiet; then the first clause that holds says how sure it is.

use std::collections::{BTreeMap, BTreeSet};

use super::correlate::{self, Match, Point, precedes};
use super::finding::Finding;
use super::keys::{ByKey, Key, fits, fitting};
use super::resolve::{TimedHit, Timeline};
use super::settle;
use super::table::{Owner, Table, needed};
use crate::catalog::Fault;
use crate::catalog::fault::{Clause, PeerIs, Relation, Term};
use crate::model::report::{Confidence, Severity};
use crate::model::time::{EventTime, TimeCertainty};

/// Something that a longer log might decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undecided {
    /// Index of the fault in the catalog.
    pub fault: usize,
    /// Index of the cluster.
    pub cluster: usize,
    /// The node whose log ends too early.
    pub node: Option<usize>,
}

/// Every incident of every fault, in the order of (cluster, fault, node, peer, time), and what
/// the logs end too early to tell.
pub fn findings(timeline: &Timeline, table: &Table<'_>) -> (Vec<Finding>, Vec<Undecided>) {
    let mut by_rule: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (at, hit) in timeline.hits.iter().enumerate() {
        if let Some(Owner::Fault(fault)) = table.get(hit.signal).map(|entry| entry.owner) {
            by_rule.entry((hit.cluster, fault)).or_default().push(at);
        }
    }
    let mut found = Vec::new();
    let mut undecided = Vec::new();
    for ((cluster, fault), hits) in by_rule {
        if let Some(rule) = table.catalog.faults.get(fault) {
            let scope = Scope::new(timeline, table, rule, cluster, &hits);
            let incidents = scope.findings(fault);
            undecided.extend(scope.undecided(fault, &incidents));
            found.extend(incidents);
        }
    }
    settle::expect(&mut found, timeline, table);
    settle::replace(&mut found, timeline, table);
    (found, undecided)
}

/// One fault in one cluster.
struct Scope<'a> {
    timeline: &'a Timeline,
    fault: &'a Fault,
    cluster: usize,
    /// Timed hits, with their places on the timeline.
    points: Vec<Point>,
    places: Vec<usize>,
    /// Hits without a time, with the place of their signal.
    untimed: Vec<(usize, u16)>,
    /// Proofs of every term, by key, in the order of their first hits.
    proofs: BTreeMap<Term, ByKey<Proof>>,
    /// Points that clear, by key, ascending.
    clears: ByKey<usize>,
}

/// Proof of one term: hits as indices into the points, ascending.
#[derive(Clone, Debug)]
struct Proof {
    hits: Vec<usize>,
}

/// Proofs between which nothing cleared and no long silence lay.
struct Episode {
    /// Points, ascending.
    hits: BTreeSet<usize>,
    /// Untimed hits, as places on the timeline.
    untimed: BTreeSet<usize>,
    cleared: Option<EventTime>,
}

impl<'a> Scope<'a> {
    fn new(
        timeline: &'a Timeline,
        table: &Table<'a>,
        fault: &'a Fault,
        cluster: usize,
        hits: &[usize],
    ) -> Self {
        let mut scope = Self {
            timeline,
            fault,
            cluster,
            points: Vec::new(),
            places: Vec::new(),
            untimed: Vec::new(),
            proofs: BTreeMap::new(),
            clears: ByKey::new(),
        };
        for at in hits {
            let Some((hit, entry)) = timeline
                .hits
                .get(*at)
                .and_then(|hit| Some((hit, table.get(hit.signal)?)))
            else {
                continue;
            };
            let Some(time) = hit.time.micros else {
                scope.untimed.push((*at, entry.place));
                continue;
            };
            let named = entry.signal.binds.iter().zip(hit.values.iter());
            let values = named
                .filter_map(|(bind, value)| Some((bind.name.clone(), value.as_deref()?.to_owned())))
                .collect();
            scope.places.push(*at);
            scope.points.push(Point {
                time,
                file: hit.file,
                line: hit.line,
                signal: entry.place,
                node: hit.node,
                peer: hit.peer,
                values,
                weight: hit.weight,
            });
        }
        scope.proofs = scope.all_proofs();
        for (at, point) in scope
            .points
            .iter()
            .enumerate()
            .filter(|(_, point)| fault.cleared_by.contains(&point.signal))
        {
            scope
                .clears
                .entry((point.node, point.peer))
                .or_default()
                .push(at);
        }
        scope
    }

    /// The proofs of every term that a clause names.
    fn all_proofs(&self) -> BTreeMap<Term, ByKey<Proof>> {
        let covered = |node: Option<usize>, from: i64, to: i64| {
            let writing = node
                .and_then(|at| self.timeline.nodes.get(at))
                .map_or(&[][..], |node| node.writing.as_slice());
            writing
                .iter()
                .any(|(first, last)| *first <= from && *last >= to)
        };
        let mut proofs = BTreeMap::new();
        for term in self
            .fault
            .when
            .iter()
            .flat_map(|clause| clause.all.iter().chain(&clause.any).chain(&clause.none))
        {
            let mut by_key: ByKey<Proof> = ByKey::new();
            match *term {
                Term::Signal(signal) => {
                    for (at, point) in self
                        .points
                        .iter()
                        .enumerate()
                        .filter(|(_, point)| point.signal == signal)
                    {
                        by_key
                            .entry((point.node, point.peer))
                            .or_default()
                            .push(Proof { hits: vec![at] });
                    }
                }
                Term::Correlation(at) => {
                    let Some(correlation) = self.fault.correlations.get(usize::from(at)) else {
                        continue;
                    };
                    let matches = match correlation.relation {
                        Relation::EveryNode => {
                            self.every_node(&correlation.of).into_iter().collect()
                        }
                        _ => correlate::matches(correlation, &self.points, &covered),
                    };
                    for m in matches {
                        by_key
                            .entry((m.node, m.peer))
                            .or_default()
                            .push(Proof { hits: m.hits });
                    }
                }
            }
            proofs.insert(*term, by_key);
        }
        proofs
    }

    /// The hits of every node of the cluster that nothing cleared, if every node has one.
    fn every_node(&self, of: &[u16]) -> Option<Match> {
        let nodes = &self.timeline.clusters.get(self.cluster)?.nodes;
        if nodes.len() < 2 {
            return None;
        }
        // the last clearing point of each node, and of those that name none
        let mut cleared: BTreeMap<Option<usize>, usize> = BTreeMap::new();
        for (at, p) in self.points.iter().enumerate() {
            if self.fault.cleared_by.contains(&p.signal) {
                cleared.insert(p.node, at);
            }
        }
        let last_clear = |node: Option<usize>| {
            let at = cleared.get(&node).max(cleared.get(&None))?;
            self.points.get(*at)
        };
        let members: BTreeSet<usize> = nodes.iter().copied().collect();
        let mut silent = members.clone();
        let mut hits = Vec::new();
        for (at, p) in self.points.iter().enumerate() {
            let Some(node) = p.node.filter(|node| members.contains(node)) else {
                continue;
            };
            if of.contains(&p.signal) && last_clear(p.node).is_none_or(|clear| precedes(clear, p)) {
                silent.remove(&node);
                hits.push(at);
            }
        }
        silent.is_empty().then_some(Match {
            node: None,
            peer: None,
            hits,
        })
    }

    /// Nodes on which an absence would hold if their logs reached far enough.
    fn undecided(&self, fault: usize, found: &[Finding]) -> BTreeSet<Undecided> {
        let mut open = BTreeSet::new();
        let proved: BTreeSet<usize> = found.iter().flat_map(|f| f.hits.iter().copied()).collect();
        for correlation in &self.fault.correlations {
            if !matches!(
                correlation.relation,
                Relation::Absence {
                    covered: true,
                    before: false,
                    ..
                }
            ) {
                continue;
            }
            for lonely in correlate::matches(correlation, &self.points, &|_, _, _| true) {
                // an absence is proved by one hit alone
                let proved = |at| self.places.get(at).is_some_and(|at| proved.contains(at));
                let decided = lonely.hits.iter().all(|at| proved(*at));
                if !decided {
                    open.insert(Undecided {
                        fault,
                        cluster: self.cluster,
                        node: lonely.node,
                    });
                }
            }
        }
        open
    }

    fn findings(&self, fault: usize) -> Vec<Finding> {
        let terms: BTreeSet<Term> = self.fault.when.iter().flat_map(needed).collect();
        let bare: Vec<(usize, u16)> = self
            .untimed
            .iter()
            .copied()
            .filter(|(_, place)| terms.contains(&Term::Signal(*place)))
            .collect();
        let mut found = Vec::new();
        for key in self.keys(&terms, &bare) {
            let mut mine: Vec<&Proof> = terms
                .iter()
                .filter_map(|term| self.proofs.get(term))
                .flat_map(|by_key| fitting(by_key, key))
                .flatten()
                .collect();
            mine.sort_by(|a, b| a.hits.cmp(&b.hits));
            let mut episodes = self.episodes(&mine, key);
            self.add_untimed(&bare, key, &mut episodes);
            found.extend(
                episodes
                    .iter()
                    .filter_map(|episode| self.conclude(fault, key, episode)),
            );
        }
        found
    }

    /// The most specific keys: proof without a peer belongs to every peer of its node.
    fn keys(&self, terms: &BTreeSet<Term>, untimed: &[(usize, u16)]) -> BTreeSet<Key> {
        let timed = terms
            .iter()
            .filter_map(|term| self.proofs.get(term))
            .flat_map(BTreeMap::keys)
            .copied();
        let bare = untimed
            .iter()
            .filter_map(|(at, _)| self.timeline.hits.get(*at))
            .map(|hit| (hit.node, hit.peer));
        let all: BTreeSet<Key> = timed.chain(bare).collect();
        let full = |key: &&Key| key.0.is_some() && key.1.is_some();
        let nodes: BTreeSet<_> = all.iter().filter(full).map(|key| key.0).collect();
        let peers: BTreeSet<_> = all.iter().filter(full).map(|key| key.1).collect();
        let several = all.len() > 1;
        all.into_iter()
            .filter(|key| match key {
                (Some(_), Some(_)) => true,
                (Some(_), None) => !nodes.contains(&key.0),
                (None, Some(_)) => !peers.contains(&key.1),
                (None, None) => !several,
            })
            .collect()
    }

    fn episodes(&self, proofs: &[&Proof], key: Key) -> Vec<Episode> {
        let mut clears: Vec<usize> = fitting(&self.clears, key).flatten().copied().collect();
        clears.sort_unstable();
        // the first clearing point behind a point
        let clear_after = |last: &Point| {
            let begin = clears
                .partition_point(|at| self.points.get(*at).is_some_and(|p| p.time < last.time));
            clears.iter().skip(begin).find_map(|at| {
                self.points
                    .get(*at)
                    .filter(|p| precedes(last, p))
                    .map(|p| (*at, p))
            })
        };
        let mut episodes: Vec<Episode> = Vec::new();
        for proof in proofs {
            let Some(first) = proof.hits.first().and_then(|at| self.points.get(*at)) else {
                continue;
            };
            let goes_on = episodes
                .last()
                .and_then(|e| e.hits.last())
                .and_then(|at| self.points.get(*at))
                .is_some_and(|last| {
                    let silent = first.time.saturating_sub(last.time) > self.fault.quiet;
                    !silent && !clear_after(last).is_some_and(|(_, clear)| precedes(clear, first))
                });
            match episodes.last_mut() {
                Some(episode) if goes_on => episode.hits.extend(&proof.hits),
                _ => episodes.push(Episode {
                    hits: proof.hits.iter().copied().collect(),
                    untimed: BTreeSet::new(),
                    cleared: None,
                }),
            }
        }
        for episode in &mut episodes {
            let clear = episode
                .hits
                .last()
                .and_then(|at| self.points.get(*at))
                .and_then(clear_after);
            episode.cleared = clear
                .and_then(|(at, _)| self.timeline.hits.get(*self.places.get(at)?))
                .map(|hit| hit.time);
        }
        episodes
    }

    /// Records without a time, such as status blocks: what they prove joins the last incident that
    /// is still open, else stands alone; within one file a later block can clear an earlier one.
    fn add_untimed(&self, bare: &[(usize, u16)], key: Key, episodes: &mut Vec<Episode>) {
        let hit = |at: usize| self.timeline.hits.get(at);
        let mine: Vec<&TimedHit> = self
            .untimed
            .iter()
            .filter(|(_, place)| self.fault.cleared_by.contains(place))
            .filter_map(|(at, _)| hit(*at))
            .collect();
        let mut open = BTreeSet::new();
        let mut over = BTreeSet::new();
        for (at, _) in bare {
            let Some(proof) = hit(*at).filter(|hit| fits((hit.node, hit.peer), key)) else {
                continue;
            };
            let cleared = mine.iter().any(|clear| {
                clear.file == proof.file
                    && clear.line > proof.line
                    && fits((clear.node, clear.peer), (proof.node, proof.peer))
            });
            if cleared {
                over.insert(*at)
            } else {
                open.insert(*at)
            };
        }
        if !over.is_empty() {
            episodes.push(Episode {
                hits: BTreeSet::new(),
                untimed: over,
                cleared: Some(EventTime::NONE),
            });
        }
        if open.is_empty() {
            return;
        }
        match episodes
            .iter_mut()
            .rev()
            .find(|episode| !episode.hits.is_empty())
        {
            Some(last) if last.cleared.is_none() => last.untimed.extend(open),
            _ => episodes.push(Episode {
                hits: BTreeSet::new(),
                untimed: open,
                cleared: None,
            }),
        }
    }

    fn conclude(&self, fault: usize, key: Key, episode: &Episode) -> Option<Finding> {
        let (at, clause) = self
            .fault
            .when
            .iter()
            .enumerate()
            .find(|(_, clause)| self.holds(clause, key, episode))?;
        let mut hits: Vec<usize> = episode
            .hits
            .iter()
            .filter_map(|point| self.places.get(*point).copied())
            .chain(episode.untimed.iter().copied())
            .collect();
        hits.sort_unstable();
        hits.dedup();
        let of = |at: &usize| self.timeline.hits.get(*at);
        let timed: Vec<EventTime> = hits
            .iter()
            .filter_map(of)
            .map(|hit| hit.time)
            .filter(|time| time.micros.is_some())
            .collect();
        let certainty = timed
            .iter()
            .map(|time| time.certainty)
            .max()
            .unwrap_or(TimeCertainty::Unknown);
        let with = |time: Option<&EventTime>| {
            time.map_or(EventTime::NONE, |time| EventTime {
                micros: time.micros,
                certainty,
            })
        };
        Some(Finding {
            fault,
            cluster: self.cluster,
            node: key.0,
            peer: key.1,
            confidence: clause.confidence.min(self.ceiling(clause, key)),
            severity: clause.severity.unwrap_or(self.fault.severity),
            expected: None,
            first: with(timed.first()),
            last: with(timed.last()),
            cleared: episode.cleared.is_some(),
            cleared_at: episode.cleared.unwrap_or(EventTime::NONE),
            count: self.records(&hits),
            hits,
            clause: at,
        })
    }

    /// Number of records; one that fits two signals is one.
    fn records(&self, hits: &[usize]) -> u64 {
        let mut records: BTreeMap<(u32, u64), u64> = BTreeMap::new();
        for hit in hits.iter().filter_map(|at| self.timeline.hits.get(*at)) {
            let weight = records.entry((hit.file, hit.line)).or_default();
            *weight = hit.weight.max(*weight);
        }
        records.values().sum()
    }

    /// What rests on an assumed identity or membership is never certain.
    fn ceiling(&self, clause: &Clause, key: Key) -> Confidence {
        let inferred = [key.0, key.1]
            .into_iter()
            .flatten()
            .filter_map(|at| self.timeline.nodes.get(at))
            .any(|node| node.inferred);
        let every = needed(clause).any(|term| matches!(term, Term::Correlation(at) if self.fault.correlations.get(usize::from(at)).is_some_and(|c| c.relation == Relation::EveryNode)));
        let assumed = self
            .timeline
            .clusters
            .get(self.cluster)
            .is_some_and(|cluster| cluster.assumed);
        match (
            every && assumed,
            inferred && needed(clause).any(|term| matches!(term, Term::Correlation(_))),
        ) {
            (true, _) => Confidence::Possible,
            (_, true) => Confidence::Likely,
            _ => Confidence::Certain,
        }
    }

    fn holds(&self, clause: &Clause, key: Key, episode: &Episode) -> bool {
        let there = |term: &Term| self.proved(*term, key, episode);
        let peer = key.1.and_then(|at| self.timeline.nodes.get(at));
        let right_peer = match clause.peer {
            None => true,
            Some(PeerIs::Member) => peer.is_some_and(|node| node.cluster == Some(self.cluster)),
            Some(PeerIs::Outsider) => peer.is_none_or(|node| node.cluster != Some(self.cluster)),
        };
        right_peer
            && clause.all.iter().all(there)
            && (clause.any.is_empty() || clause.any.iter().any(there))
            && !clause
                .none
                .iter()
                .any(|term| self.contradicts(*term, key, episode))
    }

    /// The term has proof among the hits of the episode.
    fn proved(&self, term: Term, key: Key, episode: &Episode) -> bool {
        let untimed = |signal: u16| {
            self.untimed
                .iter()
                .any(|(at, place)| *place == signal && episode.untimed.contains(at))
        };
        if let Term::Signal(signal) = term
            && untimed(signal)
        {
            return true;
        }
        let (Some(from), Some(to)) = (episode.hits.first(), episode.hits.last()) else {
            return false;
        };
        let Some(by_key) = self.proofs.get(&term) else {
            return false;
        };
        fitting(by_key, key).any(|list| {
            let begin = list.partition_point(|proof| proof.hits.first() < Some(from));
            let mut near = list
                .iter()
                .skip(begin)
                .take_while(|proof| proof.hits.first() <= Some(to));
            near.any(|proof| proof.hits.iter().all(|at| episode.hits.contains(at)))
        })
    }

    /// The term has proof during the episode or, for a plain signal, in the silence after it.
    fn contradicts(&self, term: Term, key: Key, episode: &Episode) -> bool {
        let time = |at: Option<&usize>| {
            at.and_then(|at| self.points.get(*at))
                .map(|point| point.time)
        };
        let (Some(from), Some(to)) = (time(episode.hits.first()), time(episode.hits.last())) else {
            return false;
        };
        let to = if matches!(term, Term::Signal(_)) {
            to.saturating_add(self.fault.quiet)
        } else {
            to
        };
        self.proofs.get(&term).is_some_and(|by_key| {
            fitting(by_key, key).any(|list| {
                // proofs of one term and key end in the order in which they begin
                let begin = list.partition_point(|proof| {
                    time(proof.hits.last()).is_some_and(|last| last < from)
                });
                list.get(begin)
                    .and_then(|proof| time(proof.hits.first()))
                    .is_some_and(|first| first <= to)
            })
        })
    }
}

/// Severity at which an open incident makes a cluster faulty.
pub const FAULTY: Severity = Severity::Warning;
