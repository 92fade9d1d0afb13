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
use crate::catalog::fault::{About, Correlation, Relation, Term};
use crate::model::time::EventTime;

mod conclude;
mod doubt;
mod undecided;
pub mod why;

use doubt::Doubts;
pub use undecided::{Open, Undecided};

/// Every incident of every fault, in the order of (cluster, fault, node, peer, time), and what
/// the logs end too early to tell.
pub fn findings(timeline: &Timeline, table: &Table<'_>) -> (Vec<Finding>, Vec<Undecided>) {
    let mut found = Vec::new();
    let mut undecided = Vec::new();
    let doubts = Doubts::new(timeline, table);
    for ((cluster, fault), hits) in hits_of(timeline, table) {
        let Some(rule) = table.catalog.faults.get(fault) else {
            continue;
        };
        for hits in apart(timeline, table, rule, hits) {
            let mut scope = Scope::new(&doubts, rule, (cluster, fault), &hits);
            let (incidents, open) = scope.findings(fault);
            undecided.extend(open);
            undecided.extend(scope.undecided(fault, &incidents));
            found.extend(incidents.into_iter().map(|one| told(rule, one)));
        }
    }
    settle::apply(&mut found, timeline, table);
    settle::expect(&mut found, timeline, table);
    settle::replace(&mut found, timeline, table);
    (found, undecided)
}

/// An incident as its fault is told: of the node that reports, or of the other one.
fn told(fault: &Fault, found: Finding) -> Finding {
    let (node, peer) = match fault.about {
        About::Node => (found.node, found.peer),
        About::Peer => (found.peer, found.node),
    };
    Finding {
        node,
        peer,
        ..found
    }
}

/// Places of hits on the timeline by (cluster, fault).
fn hits_of(timeline: &Timeline, table: &Table<'_>) -> BTreeMap<(usize, usize), Vec<usize>> {
    let mut by_rule: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (at, hit) in timeline.hits.iter().enumerate() {
        if let Some(Owner::Fault(fault)) = table.get(hit.signal).map(|entry| entry.owner) {
            by_rule.entry((hit.cluster, fault)).or_default().push(at);
        }
    }
    by_rule
}

/// The hits of a fault by the values that keep its incidents apart, each group in its order. A
/// signal that does not bind such a value says nothing of it: its hits take part wherever the
/// other values fit.
fn apart(
    timeline: &Timeline,
    table: &Table<'_>,
    fault: &Fault,
    hits: Vec<usize>,
) -> Vec<Vec<usize>> {
    if fault.per.is_empty() {
        return vec![hits];
    }
    let mut groups: BTreeMap<Vec<Value<'_>>, Vec<usize>> = BTreeMap::new();
    for at in hits {
        let Some(hit) = timeline.hits.get(at) else {
            continue;
        };
        let value = |name: &String| {
            let place = table.value_place(hit.signal, name)?;
            Some(hit.values.get(place)?.as_deref())
        };
        let key = fault.per.iter().map(value).collect();
        groups.entry(key).or_default().push(at);
    }
    let open = |key: &Vec<Value<'_>>| key.iter().any(Option::is_none);
    let (open, mut full): (Groups<'_>, Groups<'_>) =
        groups.into_iter().partition(|(key, _)| open(key));
    for (key, more) in open {
        let fits = |other: &Vec<Value<'_>>| {
            let mut both = key.iter().zip(other);
            both.all(|(mine, theirs)| mine.is_none() || mine == theirs)
        };
        let mut alone = true;
        for (_, hits) in full.iter_mut().filter(|(other, _)| fits(other)) {
            hits.extend(&more);
            hits.sort_unstable();
            alone = false;
        }
        if alone {
            full.push((key, more));
        }
    }
    full.into_iter().map(|(_, hits)| hits).collect()
}

/// A value that keeps incidents apart: `None` where the signal does not bind it.
type Value<'a> = Option<Option<&'a str>>;

/// Hits by such values.
type Groups<'a> = Vec<(Vec<Value<'a>>, Vec<usize>)>;

/// One fault in one cluster.
struct Scope<'a> {
    timeline: &'a Timeline,
    fault: &'a Fault,
    cluster: usize,
    /// Timed hits, with their places on the timeline.
    points: Vec<Point>,
    places: Vec<usize>,
    /// Hits without a time, as places on the timeline, with the place of their signal.
    untimed: Vec<(usize, u16)>,
    /// Proofs of every term, by key, in the order of their first hits.
    proofs: BTreeMap<Term, ByKey<Proof>>,
    /// Points that clear, by key, ascending.
    clears: ByKey<usize>,
    /// Signals, by their places, from whose silence nothing follows.
    doubts: BTreeSet<u16>,
}

/// How far a node's clock is ahead of its cluster's reference, in microseconds.
fn ahead(timeline: &Timeline, node: Option<usize>) -> i64 {
    node.and_then(|at| timeline.nodes.get(at))
        .map_or(0, |node| node.ahead)
}

/// Where records without a time stand for relations: together, and far from every dated one.
const UNTIMED: i64 = i64::MAX / 2;

/// For each file and key the last line of a record without a time that clears the fault. What
/// such a record follows in its file is out of date and takes no part in relations.
struct Latest(BTreeMap<u32, BTreeMap<Key, u64>>);

impl Latest {
    fn new(timeline: &Timeline, table: &Table<'_>, fault: &Fault, hits: &[usize]) -> Self {
        let mut last: BTreeMap<u32, BTreeMap<Key, u64>> = BTreeMap::new();
        let clearing = hits
            .iter()
            .filter_map(|at| timeline.hits.get(*at))
            .filter(|hit| hit.time.micros.is_none())
            .filter(|hit| {
                table
                    .get(hit.signal)
                    .is_some_and(|entry| fault.cleared_by.contains(&entry.place))
            });
        for hit in clearing {
            let of_file = last.entry(hit.file).or_default();
            let line = of_file.entry((hit.node, hit.peer)).or_default();
            *line = hit.line.max(*line);
        }
        Self(last)
    }

    fn supersedes(&self, hit: &TimedHit) -> bool {
        self.0.get(&hit.file).is_some_and(|of_file| {
            of_file
                .iter()
                .any(|(key, line)| *line > hit.line && fits(*key, (hit.node, hit.peer)))
        })
    }
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
        doubts: &Doubts<'a>,
        fault: &'a Fault,
        (cluster, number): (usize, usize),
        hits: &[usize],
    ) -> Self {
        let (timeline, table) = (doubts.timeline, doubts.table);
        let mut scope = Self {
            timeline,
            fault,
            cluster,
            points: Vec::new(),
            places: Vec::new(),
            untimed: Vec::new(),
            proofs: BTreeMap::new(),
            clears: ByKey::new(),
            doubts: doubts.of(cluster, number),
        };
        let latest = Latest::new(timeline, table, fault, hits);
        let compared = fault.correlations.iter().flat_map(Correlation::compared);
        // points know their node and peer
        let compared: BTreeSet<&str> = compared.filter(|n| !["node", "peer"].contains(n)).collect();
        for at in hits {
            let Some((hit, entry)) = timeline
                .hits
                .get(*at)
                .and_then(|hit| Some((hit, table.get(hit.signal)?)))
            else {
                continue;
            };
            if hit.time.micros.is_none() {
                scope.untimed.push((*at, entry.place));
                if latest.supersedes(hit) {
                    continue;
                }
            }
            let time = hit.time.micros.map_or(UNTIMED, |time| {
                time.saturating_sub(ahead(timeline, hit.node))
            });
            let named = entry.signal.binds.iter().zip(hit.values.iter());
            let values = named
                .filter(|(bind, _)| compared.contains(bind.name.as_str()))
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
        scope.sort();
        scope.proofs = scope.all_proofs(false);
        for (at, point) in
            scope.points.iter().enumerate().filter(|(_, point)| {
                fault.cleared_by.contains(&point.signal) && point.time != UNTIMED
            })
        {
            let key = match fault.cleared_anywhere.contains(&point.signal) {
                true => (None, None),
                false => (point.node, point.peer),
            };
            scope.clears.entry(key).or_default().push(at);
        }
        scope
    }

    /// Puts the points in the order of corrected clocks.
    fn sort(&mut self) {
        let mut both: Vec<(Point, usize)> =
            self.points.drain(..).zip(self.places.drain(..)).collect();
        both.sort_by_key(|(point, place)| (point.time, point.file, point.line, *place));
        (self.points, self.places) = both.into_iter().unzip();
    }

    /// The proofs of every term that a clause names; of `endless` logs nothing is missing.
    fn all_proofs(&self, endless: bool) -> BTreeMap<Term, ByKey<Proof>> {
        let covered = |point: &Point, from: i64, to: i64| {
            if endless {
                return true;
            }
            let node = point.node.and_then(|at| self.timeline.nodes.get(at));
            let shift = ahead(self.timeline, point.node);
            let (from, to) = (from.saturating_add(shift), to.saturating_add(shift));
            // another log of the node may go on where this one ends
            let of_file = node.and_then(|node| node.writing.get(&point.file));
            of_file.is_some_and(|(first, last)| *first <= from && *last >= to)
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
                        .filter(|(_, point)| point.signal == signal && point.time != UNTIMED)
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
                    if self.doubtful_absence(correlation) {
                        continue;
                    }
                    let matches = match correlation.relation {
                        Relation::EveryNode => {
                            self.every_node(&correlation.of).into_iter().collect()
                        }
                        _ => correlate::matches(correlation, &self.points, &covered),
                    };
                    let timeless = |m: &Match| m.hits.iter().any(|at| self.is_untimed(*at));
                    let absent = !self.orders_untimed(correlation);
                    let matches = matches.into_iter().filter(|m| !(absent && timeless(m)));
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

    /// Whether the relation means something for records without a time. Spans do not; that nothing
    /// follows does, since lines of one file follow each other, unless a dated record might.
    fn orders_untimed(&self, correlation: &Correlation) -> bool {
        let Relation::Absence {
            before, covered, ..
        } = correlation.relation
        else {
            return true;
        };
        let dated = |point: &Point| correlation.of.contains(&point.signal) && point.time != UNTIMED;
        !before && !covered && !self.points.iter().any(dated)
    }

    fn is_untimed(&self, point: usize) -> bool {
        self.points
            .get(point)
            .is_some_and(|point| point.time == UNTIMED)
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

    /// Incidents, and what might be one if nothing had been lost.
    fn findings(&self, fault: usize) -> (Vec<Finding>, BTreeSet<Undecided>) {
        let mut found = Vec::new();
        let mut open = BTreeSet::new();
        for (key, episodes) in self.all_episodes() {
            for episode in &episodes {
                match self.conclude(fault, key, episode) {
                    Some(finding) => found.push(finding),
                    None if self.in_doubt(key, episode) => {
                        open.insert(Undecided {
                            why: Open::Lost,
                            fault,
                            cluster: self.cluster,
                            node: key.0,
                        });
                    }
                    None => {}
                }
            }
        }
        (found, open)
    }

    /// The episodes of every (node, peer).
    fn all_episodes(&self) -> Vec<(Key, Vec<Episode>)> {
        let terms: BTreeSet<Term> = self.fault.when.iter().flat_map(needed).collect();
        let bare: Vec<(usize, u16)> = self
            .untimed
            .iter()
            .copied()
            .filter(|(_, place)| terms.contains(&Term::Signal(*place)))
            .collect();
        let of_key = |key: Key| {
            let mut mine: Vec<&Proof> = terms
                .iter()
                .filter_map(|term| self.proofs.get(term))
                .flat_map(|by_key| fitting(by_key, key))
                .flatten()
                .collect();
            mine.sort_by(|a, b| a.hits.cmp(&b.hits));
            let mut episodes = self.episodes(&mine, key);
            self.add_untimed(&bare, key, &mut episodes);
            (key, episodes)
        };
        self.keys(&terms, &bare).into_iter().map(of_key).collect()
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
                    // a record without a time joins what is still open
                    let silent = first.time != UNTIMED
                        && first.time.saturating_sub(last.time) > self.fault.quiet;
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
}
