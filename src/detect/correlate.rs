//! Relations between hits in event time, each a pure function over one fault's hits.
//!
//! A hit *precedes* another when its time is smaller, or when the times are equal and it does
//! not stand at or below the other in the same file: logs have seconds, and lines of different
//! files with one second's time may have come either way round.

use std::collections::BTreeMap;

use crate::catalog::fault::{Correlation, Count, Relation};

/// A timed hit as correlations see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Microseconds since 1970.
    pub time: i64,
    /// Index of the file.
    pub file: u32,
    /// Line in it.
    pub line: u64,
    /// Place of the signal in its fault.
    pub signal: u16,
    /// Node that reports.
    pub node: Option<usize>,
    /// The other node.
    pub peer: Option<usize>,
    /// Other bound values by name.
    pub values: BTreeMap<String, String>,
    /// Number of records it stands for.
    pub weight: u64,
}

/// Hits that satisfy a relation together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Match {
    /// Node, if all the hits share it.
    pub node: Option<usize>,
    /// Peer, if all the hits share it.
    pub peer: Option<usize>,
    /// Indices of the hits, ascending.
    pub hits: Vec<usize>,
}

/// Whether a node's log is known to reach over a span.
pub type Covered<'a> = &'a dyn Fn(Option<usize>, i64, i64) -> bool;

/// True when `a` comes before `b`.
pub fn precedes(a: &Point, b: &Point) -> bool {
    a.time < b.time || (a.time == b.time && (a.file != b.file || a.line < b.line))
}

/// The matches of a correlation over the hits of its fault, which are sorted by (time, file,
/// line). [`Relation::EveryNode`] is judged by [`super::incident`], which knows the cluster.
pub fn matches(correlation: &Correlation, points: &[Point], covered: Covered<'_>) -> Vec<Match> {
    if let Relation::Absence {
        anchor,
        span,
        before,
        covered: wanted,
    } = correlation.relation
    {
        let absence = Absence {
            of: &correlation.of,
            group_by: &correlation.group_by,
            anchor,
            span,
            before,
            wanted,
        };
        return absence.matches(points, covered);
    }
    let mut groups: BTreeMap<Vec<Option<String>>, Vec<usize>> = BTreeMap::new();
    for (at, point) in points.iter().enumerate() {
        if correlation.of.contains(&point.signal) {
            groups
                .entry(key(point, &correlation.group_by))
                .or_default()
                .push(at);
        }
    }
    let found = groups
        .values()
        .flat_map(|group| match &correlation.relation {
            Relation::EventCount { span, count } => windows(
                points,
                group,
                *span,
                &mut EventCounter {
                    count: *count,
                    n: 0,
                },
            ),
            Relation::ValueCount { span, count, field } => windows(
                points,
                group,
                *span,
                &mut ValueCounter {
                    count: *count,
                    field,
                    seen: BTreeMap::new(),
                },
            ),
            Relation::Temporal { span } => windows(
                points,
                group,
                *span,
                &mut SignalCounter {
                    of: &correlation.of,
                    seen: BTreeMap::new(),
                },
            ),
            Relation::TemporalOrdered { span } => ordered(points, group, &correlation.of, *span),
            Relation::Absence { .. } | Relation::EveryNode => Vec::new(),
        });
    let mut found: Vec<Match> = found.map(|hits| shared(points, hits)).collect();
    found.sort();
    found.dedup();
    found
}

fn key(point: &Point, group_by: &[String]) -> Vec<Option<String>> {
    group_by
        .iter()
        .map(|name| match name.as_str() {
            "node" => point.node.map(|at| at.to_string()),
            "peer" => point.peer.map(|at| at.to_string()),
            other => point.values.get(other).cloned(),
        })
        .collect()
}

/// Node and peer that all hits have in common.
fn shared(points: &[Point], hits: Vec<usize>) -> Match {
    let common = |of: fn(&Point) -> Option<usize>| {
        let mut all = hits.iter().filter_map(|at| points.get(*at)).map(of);
        let first = all.next().flatten();
        if all.all(|other| other == first) {
            first
        } else {
            None
        }
    };
    Match {
        node: common(|p| p.node),
        peer: common(|p| p.peer),
        hits,
    }
}

/// Counts what is in a sliding window.
trait Counter {
    fn enter(&mut self, point: &Point);
    fn leave(&mut self, point: &Point);
    fn fits(&self) -> bool;
}

struct EventCounter {
    count: Count,
    n: u64,
}

impl Counter for EventCounter {
    fn enter(&mut self, point: &Point) {
        self.n += point.weight;
    }
    fn leave(&mut self, point: &Point) {
        self.n -= point.weight;
    }
    fn fits(&self) -> bool {
        self.count.fits(self.n)
    }
}

struct ValueCounter<'f> {
    count: Count,
    field: &'f str,
    seen: BTreeMap<String, u64>,
}

impl ValueCounter<'_> {
    fn value(&self, point: &Point) -> Option<String> {
        match self.field {
            "node" => point.node.map(|at| at.to_string()),
            "peer" => point.peer.map(|at| at.to_string()),
            other => point.values.get(other).cloned(),
        }
    }
}

impl Counter for ValueCounter<'_> {
    fn enter(&mut self, point: &Point) {
        if let Some(value) = self.value(point) {
            *self.seen.entry(value).or_default() += 1;
        }
    }
    fn leave(&mut self, point: &Point) {
        if let Some(value) = self.value(point) {
            drop_one(&mut self.seen, &value);
        }
    }
    fn fits(&self) -> bool {
        self.count.fits(self.seen.len() as u64)
    }
}

struct SignalCounter<'o> {
    of: &'o [u16],
    seen: BTreeMap<u16, u64>,
}

impl Counter for SignalCounter<'_> {
    fn enter(&mut self, point: &Point) {
        *self.seen.entry(point.signal).or_default() += 1;
    }
    fn leave(&mut self, point: &Point) {
        drop_one(&mut self.seen, &point.signal);
    }
    fn fits(&self) -> bool {
        self.of.iter().all(|signal| self.seen.contains_key(signal))
    }
}

fn drop_one<K: Ord>(seen: &mut BTreeMap<K, u64>, key: &K) {
    if let Some(n) = seen.get_mut(key) {
        *n -= 1;
        if *n == 0 {
            seen.remove(key);
        }
    }
}

/// The hits of all windows `[t, t + span]` that begin at a hit and fit; windows that share a hit
/// make one match.
fn windows(
    points: &[Point],
    group: &[usize],
    span: i64,
    counter: &mut dyn Counter,
) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = Vec::new();
    // group positions: `end` is behind the window, `taken` is behind the last hit of `found`
    let (mut end, mut taken) = (0, 0);
    let point = |place: usize| group.get(place).and_then(|at| points.get(*at));
    for start in 0..group.len() {
        let Some(first) = point(start) else { break };
        while let Some(next) =
            point(end).filter(|next| next.time <= first.time.saturating_add(span))
        {
            counter.enter(next);
            end += 1;
        }
        if counter.fits() {
            let fresh = group.get(start.max(taken)..end).unwrap_or(&[]);
            match found.last_mut() {
                Some(last) if start < taken => last.extend_from_slice(fresh),
                _ => found.push(fresh.to_vec()),
            }
            taken = end;
        }
        counter.leave(first);
    }
    found
}

/// For every hit of the first signal the shortest chain through the others within the span.
fn ordered(points: &[Point], group: &[usize], of: &[u16], span: i64) -> Vec<Vec<usize>> {
    let lists: Vec<Vec<usize>> = of
        .iter()
        .map(|signal| {
            group
                .iter()
                .copied()
                .filter(|at| points.get(*at).is_some_and(|p| p.signal == *signal))
                .collect()
        })
        .collect();
    let Some((first, rest)) = lists.split_first() else {
        return Vec::new();
    };
    let chains = first.iter().filter_map(|start| {
        let until = points.get(*start)?.time.saturating_add(span);
        let mut chain = vec![*start];
        // all hits at the earliest time the chain can have reached
        let mut reached = vec![*start];
        for list in rest {
            reached = step(points, &reached, list, until)?;
            chain.push(*reached.first()?);
        }
        chain.sort_unstable();
        Some(chain)
    });
    chains.collect()
}

fn step(points: &[Point], reached: &[usize], list: &[usize], until: i64) -> Option<Vec<usize>> {
    let now = points.get(*reached.first()?)?.time;
    let follows = |at: usize| {
        points.get(at).is_some_and(|p| {
            reached
                .iter()
                .any(|from| *from != at && points.get(*from).is_some_and(|from| precedes(from, p)))
        })
    };
    let begin = list.partition_point(|at| points.get(*at).is_some_and(|p| p.time < now));
    let mut candidates = list.iter().skip(begin).copied().filter(|at| follows(*at));
    let first = candidates.next()?;
    let time = points.get(first)?.time;
    if time > until {
        return None;
    }
    let same = candidates.take_while(|at| points.get(*at).is_some_and(|p| p.time == time));
    Some(std::iter::once(first).chain(same).collect())
}

struct Absence<'c> {
    of: &'c [u16],
    group_by: &'c [String],
    anchor: u16,
    span: i64,
    before: bool,
    wanted: bool,
}

impl Absence<'_> {
    fn matches(&self, points: &[Point], covered: Covered<'_>) -> Vec<Match> {
        let others: Vec<usize> = (0..points.len())
            .filter(|at| points.get(*at).is_some_and(|p| self.of.contains(&p.signal)))
            .collect();
        let anchors = points
            .iter()
            .enumerate()
            .filter(|(_, point)| point.signal == self.anchor);
        let lonely = anchors.filter(|(at, point)| {
            let (from, to) = self.window(point);
            (!self.wanted || covered(point.node, from, to))
                && !self.company(points, &others, *at, point, from, to)
        });
        lonely.map(|(at, _)| shared(points, vec![at])).collect()
    }

    fn window(&self, anchor: &Point) -> (i64, i64) {
        if self.before {
            (anchor.time.saturating_sub(self.span), anchor.time)
        } else {
            (anchor.time, anchor.time.saturating_add(self.span))
        }
    }

    fn company(
        &self,
        points: &[Point],
        others: &[usize],
        at: usize,
        anchor: &Point,
        from: i64,
        to: i64,
    ) -> bool {
        let begin =
            others.partition_point(|other| points.get(*other).is_some_and(|p| p.time < from));
        let near = others
            .iter()
            .skip(begin)
            .filter_map(|other| Some((*other, points.get(*other)?)))
            .take_while(|(_, p)| p.time <= to);
        near.into_iter().any(|(other, p)| {
            // one record may be two signals: it keeps itself company
            let same_record = (p.time, p.file, p.line) == (anchor.time, anchor.file, anchor.line);
            let right_side = same_record
                || if self.before {
                    precedes(p, anchor)
                } else {
                    precedes(anchor, p)
                };
            other != at && right_side && self.compatible(anchor, p)
        })
    }

    /// A value that one of them lacks fits any.
    fn compatible(&self, a: &Point, b: &Point) -> bool {
        key(a, self.group_by)
            .into_iter()
            .zip(key(b, self.group_by))
            .all(|(a, b)| a.is_none() || b.is_none() || a == b)
    }
}

#[cfg(test)]
#[path = "correlate_tests.rs"]
mod tests;
