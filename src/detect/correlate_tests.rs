//! Every relation against a naive oracle that tries all windows and all chains.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// All indices that occur in some match.
fn covered_hits(matches: &[Match]) -> BTreeSet<usize> {
    matches
        .iter()
        .flat_map(|m| m.hits.iter().copied())
        .collect()
}

fn point() -> impl Strategy<Value = Point> {
    // few distinct times, files and lines: equal times, duplicates and edges are the rule
    (
        0i64..24,
        0u32..3,
        0u64..6,
        0u16..3,
        prop::option::weighted(0.9, 0usize..2),
        prop::option::weighted(0.8, 0usize..2),
        0u8..3,
        1u64..3,
    )
        .prop_map(
            |(time, file, line, signal, node, peer, value, weight)| Point {
                time,
                file,
                line,
                signal,
                node,
                peer,
                values: BTreeMap::from([("v".to_owned(), value.to_string())]),
                weight,
            },
        )
}

fn points() -> impl Strategy<Value = Vec<Point>> {
    prop::collection::vec(point(), 0..14).prop_map(|mut points| {
        points.sort_by_key(|p| (p.time, p.file, p.line));
        points
    })
}

fn correlation(relation: Relation, of: Vec<u16>) -> Correlation {
    Correlation {
        name: "c".into(),
        of,
        group_by: vec!["node".into(), "peer".into()],
        relation,
    }
}

fn same_group(a: &Point, b: &Point) -> bool {
    a.node == b.node && a.peer == b.peer
}

/// Hits of every window that begins at a hit of its group and fits.
fn naive_windows(
    points: &[Point],
    of: &[u16],
    span: i64,
    fits: &dyn Fn(&[&Point]) -> bool,
) -> BTreeSet<usize> {
    let mut covered = BTreeSet::new();
    for first in points.iter().filter(|p| of.contains(&p.signal)) {
        let inside: Vec<usize> = (0..points.len())
            .filter(|at| {
                of.contains(&points[*at].signal)
                    && same_group(&points[*at], first)
                    && (first.time..=first.time + span).contains(&points[*at].time)
            })
            .collect();
        // a window begins at a hit; of several with its time it holds all
        let from = inside.clone();
        for begin in from.iter().filter(|at| points[**at].time == first.time) {
            let window: Vec<usize> = inside.iter().copied().filter(|at| at >= begin).collect();
            if fits(&window.iter().map(|at| &points[*at]).collect::<Vec<_>>()) {
                covered.extend(window);
            }
        }
    }
    covered
}

fn all_chains(points: &[Point], of: &[u16], span: i64) -> BTreeSet<usize> {
    fn extend(
        points: &[Point],
        of: &[u16],
        until: i64,
        chain: &mut Vec<usize>,
        starts: &mut BTreeSet<usize>,
    ) {
        let Some(signal) = of.get(chain.len()) else {
            starts.insert(chain[0]);
            return;
        };
        let last = &points[*chain.last().unwrap()];
        for (at, p) in points.iter().enumerate() {
            if p.signal == *signal
                && !chain.contains(&at)
                && same_group(p, last)
                && precedes(last, p)
                && p.time <= until
            {
                chain.push(at);
                extend(points, of, until, chain, starts);
                chain.pop();
            }
        }
    }
    let mut starts = BTreeSet::new();
    for (at, p) in points.iter().enumerate().filter(|(_, p)| p.signal == of[0]) {
        extend(points, of, p.time + span, &mut vec![at], &mut starts);
    }
    starts
}

proptest! {
    #[test]
    fn event_count_equals_the_oracle(points in points(), span in 0i64..8, n in 1u64..6, op in 0usize..5) {
        let count = [Count::Gt(n), Count::Gte(n), Count::Lt(n), Count::Lte(n), Count::Eq(n)][op];
        let c = correlation(Relation::EventCount { span, count }, vec![0, 1]);
        let found = covered_hits(&matches(&c, &points, &|_, _, _| true));
        let oracle = naive_windows(&points, &[0, 1], span, &|w| count.fits(w.iter().map(|p| p.weight).sum()));
        prop_assert_eq!(found, oracle);
    }

    #[test]
    fn value_count_equals_the_oracle(points in points(), span in 0i64..8, n in 1u64..4) {
        let c = correlation(Relation::ValueCount { span, count: Count::Gte(n), field: "v".into() }, vec![0, 1, 2]);
        let found = covered_hits(&matches(&c, &points, &|_, _, _| true));
        let distinct = |w: &[&Point]| w.iter().map(|p| &p.values["v"]).collect::<BTreeSet<_>>().len() as u64;
        let oracle = naive_windows(&points, &[0, 1, 2], span, &|w| distinct(w) >= n);
        prop_assert_eq!(found, oracle);
    }

    #[test]
    fn temporal_equals_the_oracle(points in points(), span in 0i64..8) {
        let c = correlation(Relation::Temporal { span }, vec![0, 2]);
        let found = covered_hits(&matches(&c, &points, &|_, _, _| true));
        let oracle = naive_windows(&points, &[0, 2], span, &|w| [0, 2].iter().all(|s| w.iter().any(|p| p.signal == *s)));
        prop_assert_eq!(found, oracle);
    }

    #[test]
    fn temporal_ordered_equals_the_oracle(points in points(), span in 0i64..8, of in prop::sample::select(vec![vec![0u16, 1], vec![0, 1, 2], vec![0, 0]])) {
        let c = correlation(Relation::TemporalOrdered { span }, of.clone());
        let found = matches(&c, &points, &|_, _, _| true);
        let oracle = all_chains(&points, &of, span);
        // a chain exists from a start exactly when the oracle finds one; each reported chain is one
        for m in &found {
            let mut distinct = m.hits.clone();
            distinct.dedup();
            prop_assert_eq!(distinct.len(), of.len());
        }
        prop_assert_eq!(found.is_empty(), oracle.is_empty());
        for start in oracle {
            prop_assert!(found.iter().any(|m| m.hits.contains(&start)), "no chain from {}", start);
        }
    }

    #[test]
    fn absence_equals_the_oracle(points in points(), span in 0i64..8, before: bool, wanted: bool, until in 0i64..30) {
        let c = correlation(Relation::Absence { anchor: 0, span, before, covered: wanted }, vec![1]);
        let covered = |_: &Point, _: i64, to: i64| to <= until;
        let found = covered_hits(&matches(&c, &points, &covered));
        let fits = |a: Option<usize>, b: Option<usize>| a.is_none() || b.is_none() || a == b;
        let oracle: BTreeSet<usize> = (0..points.len()).filter(|at| {
            let a = &points[*at];
            let end = if before { a.time } else { a.time + span };
            a.signal == 0 && (!wanted || end <= until) && !points.iter().any(|b| {
                let same = (a.time, a.file, a.line) == (b.time, b.file, b.line);
                b.signal == 1 && fits(a.node, b.node) && fits(a.peer, b.peer)
                    && (same || if before { precedes(b, a) && a.time - b.time <= span } else { precedes(a, b) && b.time - a.time <= span })
            })
        }).collect();
        prop_assert_eq!(found, oracle);
    }
}

#[test]
fn window_edges_are_inside() {
    let p = |time| Point {
        time,
        file: 0,
        line: time as u64,
        signal: 0,
        node: Some(0),
        peer: None,
        values: BTreeMap::new(),
        weight: 1,
    };
    let c = correlation(
        Relation::EventCount {
            span: 10,
            count: Count::Gte(3),
        },
        vec![0],
    );
    let found = |times: &[i64]| {
        matches(
            &c,
            &times.iter().map(|t| p(*t)).collect::<Vec<_>>(),
            &|_, _, _| true,
        )
        .len()
    };
    assert_eq!(found(&[0, 5, 10]), 1);
    assert_eq!(found(&[0, 5, 11]), 0);
    // two windows that share no hit are two matches
    assert_eq!(found(&[0, 1, 2, 50, 51, 52]), 2);
}

/// An anchor and an answer of as many peers as one window may hold: trying every pair would take
/// minutes.
#[test]
fn absence_looks_at_its_own_peers_only() {
    const PEERS: usize = 40_000;
    let point = |signal: u16, peer: usize, time: i64| Point {
        time,
        file: 0,
        line: peer as u64,
        signal,
        node: Some(0),
        peer: Some(peer),
        values: BTreeMap::new(),
        weight: 1,
    };
    let c = correlation(
        Relation::Absence {
            anchor: 0,
            span: 10,
            before: false,
            covered: false,
        },
        vec![1],
    );
    // all at one time, then answers some time later
    for gap in [0, 5] {
        let anchors = (0..PEERS).map(|peer| point(0, peer, 0));
        // every other peer answers, one that has no anchor as well
        let answers = (0..=PEERS).step_by(2).map(|peer| Point {
            line: (PEERS + peer) as u64,
            ..point(1, peer, gap)
        });
        let mut points: Vec<Point> = anchors.chain(answers).collect();
        points.sort_by_key(|p| (p.time, p.file, p.line));
        let found = matches(&c, &points, &|_, _, _| true);
        assert_eq!(found.len(), PEERS / 2);
        assert!(
            found
                .iter()
                .all(|m| m.peer.is_some_and(|peer| peer % 2 == 1))
        );
    }
}
