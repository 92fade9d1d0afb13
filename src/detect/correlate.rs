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
    /// Other bound values that a relation compares, by name.
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

/// Whether the log in which a hit stands is known to reach over a span.
pub type Covered<'a> = &'a dyn Fn(&Point, i64, i64) -> bool;

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

/// What a hit is grouped by; a value that it lacks fits any.
type GroupKey = Vec<Option<String>>;

/// Hits by what they have of some of the values to group by, each list in the order of points.
type Company = BTreeMap<GroupKey, Vec<usize>>;

impl Absence<'_> {
    fn matches(&self, points: &[Point], covered: Covered<'_>) -> Vec<Match> {
        // by which values the anchor has: those that it lacks do not part the others
        let mut companies: BTreeMap<Vec<bool>, Company> = BTreeMap::new();
        let anchors = points
            .iter()
            .enumerate()
            .filter(|(_, point)| point.signal == self.anchor);
        let mut lonely = Vec::new();
        for (at, point) in anchors {
            let (from, to) = self.window(point);
            if self.wanted && !covered(point, from, to) {
                continue;
            }
            let key = key(point, self.group_by);
            let has: Vec<bool> = key.iter().map(Option::is_some).collect();
            let company = companies
                .entry(has)
                .or_insert_with_key(|has| self.company(points, has));
            let met = compatible(company, &key)
                .into_iter()
                .any(|others| self.meets(points, others, at, point, (from, to)));
            if !met {
                lonely.push(shared(points, vec![at]));
            }
        }
        lonely
    }

    fn window(&self, anchor: &Point) -> (i64, i64) {
        if self.before {
            (anchor.time.saturating_sub(self.span), anchor.time)
        } else {
            (anchor.time, anchor.time.saturating_add(self.span))
        }
    }

    /// The other hits by the values that anchors of a kind have.
    fn company(&self, points: &[Point], has: &[bool]) -> Company {
        let mut company = Company::new();
        for (at, point) in points.iter().enumerate() {
            if self.of.contains(&point.signal) {
                let values = key(point, self.group_by).into_iter().zip(has);
                let key = values.map(|(value, has)| value.filter(|_| *has)).collect();
                company.entry(key).or_default().push(at);
            }
        }
        company
    }

    /// True when one of the others lies on the right side of the anchor within the window.
    fn meets(
        &self,
        points: &[Point],
        others: &[usize],
        at: usize,
        anchor: &Point,
        (from, to): (i64, i64),
    ) -> bool {
        let place = |edge: &dyn Fn(i64) -> bool| {
            others.partition_point(|other| points.get(*other).is_some_and(|p| edge(p.time)))
        };
        let (begin, end) = (place(&|time| time < from), place(&|time| time <= to));
        // those at the anchor's own time stand at one end of the window
        let (same, rest) = if self.before {
            let first = place(&|time| time < anchor.time);
            (first..end, begin..first)
        } else {
            let last = place(&|time| time <= anchor.time);
            (begin..last, last..end)
        };
        if !rest.is_empty() {
            return true;
        }
        // these are in the order of file and line: if any will do, one at an end will, or the
        // one next to it where the end is the anchor itself
        let ends = [
            same.start,
            same.start + 1,
            same.end.wrapping_sub(2),
            same.end.wrapping_sub(1),
        ];
        ends.into_iter()
            .filter(|place| same.contains(place))
            .filter_map(|place| others.get(place))
            .filter(|other| **other != at)
            .filter_map(|other| points.get(*other))
            .any(|p| {
                // one record may be two signals: it keeps itself company
                let same_record = (p.file, p.line) == (anchor.file, anchor.line);
                let right_side = if self.before {
                    precedes(p, anchor)
                } else {
                    precedes(anchor, p)
                };
                same_record || right_side
            })
    }
}

/// The lists of a company whose values fit those of a key.
fn compatible<'c>(company: &'c Company, key: &GroupKey) -> Vec<&'c [usize]> {
    let values: Vec<usize> = (0..key.len())
        .filter(|at| key.get(*at).is_some_and(Option::is_some))
        .collect();
    // every value is there or lacking: so many lists may fit
    let ways = 1_usize.checked_shl(u32::try_from(values.len()).unwrap_or(u32::MAX));
    if let Some(ways) = ways.filter(|ways| *ways <= company.len()) {
        let lacking = |way: usize| {
            let mut key = key.clone();
            let lacks = values.iter().enumerate();
            for (_, at) in lacks.filter(|(bit, _)| way >> bit & 1 == 1) {
                if let Some(value) = key.get_mut(*at) {
                    *value = None;
                }
            }
            key
        };
        let lists = (0..ways).filter_map(|way| company.get(&lacking(way)));
        return lists.map(Vec::as_slice).collect();
    }
    let fits = |other: &GroupKey| {
        let mut both = other.iter().zip(key);
        both.all(|(a, b)| a.is_none() || b.is_none() || a == b)
    };
    let lists = company.iter().filter(|(other, _)| fits(other));
    lists.map(|(_, list)| list.as_slice()).collect()
}

#[cfg(test)]
#[path = "correlate_tests.rs"]
mod tests;
