//! What happened when: one lane for each node, in the time of the records.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::build::Source;
use super::{Bar, Block, Lane, Line, Section, Table, Timeline, causes};
use crate::model::report::{Cluster, Diagnosis};
use crate::model::time::{self as clock, MILLISECOND, SECOND};
use crate::report::{time, words};

/// The fact that tells how far a clock is off.
const CLOCK: &str = "clock";
/// Nodes that have a lane even where nothing happened on them.
const QUIET: usize = 8;
/// Times written along the lanes.
const TICKS: i64 = 4;
/// Part of a lane that a mark with its number needs where the page is narrow.
const MARK: f64 = 0.12;
const DAY: i64 = 24 * 60 * 60 * SECOND;

/// The drawing, if any incident has a time.
pub(super) fn section(source: &Source<'_>, cluster: &Cluster) -> Option<Section> {
    let mut dated: Vec<Dated<'_>> = cluster.diagnoses.iter().filter_map(Dated::of).collect();
    if dated.is_empty() {
        return None;
    }
    let shown = source.limits.drawn;
    let left = dated.len().saturating_sub(shown);
    // the report has the gravest first; numbers follow the time
    dated.truncate(shown);
    dated.sort_by_key(|one| (one.begin, Reverse(one.incident.severity), one.end));
    let scale = Scale::of(&dated, cluster);
    let table = Table {
        caption: String::new(),
        heads: heads(source),
        numbers: vec![0],
        rows: dated
            .iter()
            .enumerate()
            .map(|(at, one)| row(source, at + 1, one.incident))
            .collect(),
    };
    let drawing = Timeline {
        caption: source.word("page.timeline_caption").to_owned(),
        ticks: scale.ticks(),
        lanes: lanes(source, cluster, &dated, &scale),
        table,
    };
    let mut blocks = vec![Block::Timeline(drawing)];
    blocks.extend(source.more(left).map(Block::Text));
    Some(Section::new(source.word("page.timeline"), blocks))
}

fn heads(source: &Source<'_>) -> Vec<String> {
    let keys = [
        "page.number",
        "column.severity",
        "column.incident",
        "column.where",
        "page.when",
        "column.state",
    ];
    keys.map(|key| source.word(key).to_owned()).to_vec()
}

fn row(source: &Source<'_>, number: usize, one: &Diagnosis) -> Vec<Line> {
    let state = match one.cleared {
        true => words::cleared(source.locale(), one),
        false => source.word("incident.open").to_owned(),
    };
    vec![
        Line::words(number.to_string()),
        causes::severity(source, one),
        Line::words(&*one.title),
        Line::code(words::place(one)),
        Line::words(time::of_incident(source.locale(), one)),
        Line::words(state),
    ]
}

/// An incident with its times in microseconds.
struct Dated<'r> {
    incident: &'r Diagnosis,
    begin: i64,
    end: i64,
}

impl<'r> Dated<'r> {
    fn of(incident: &'r Diagnosis) -> Option<Self> {
        let at = |time: &Option<String>| time.as_deref().and_then(clock::micros);
        let begin = at(&incident.first_seen).or(at(&incident.last_seen))?;
        let end = at(&incident.cleared_at).or(at(&incident.last_seen));
        Some(Self {
            incident,
            begin,
            end: end.unwrap_or(begin).max(begin),
        })
    }
}

/// Times to places along a lane.
struct Scale {
    begin: i64,
    end: i64,
}

impl Scale {
    fn of(dated: &[Dated<'_>], cluster: &Cluster) -> Self {
        let states = || {
            cluster
                .states
                .iter()
                .filter_map(|state| clock::micros(state.at.as_deref()?))
        };
        let begin = dated.iter().map(|one| one.begin).chain(states()).min();
        let end = dated.iter().map(|one| one.end).chain(states()).max();
        let begin = begin.unwrap_or(0);
        Self {
            begin,
            end: end.unwrap_or(begin).max(begin.saturating_add(SECOND)),
        }
    }

    fn place(&self, at: i64) -> f64 {
        let span = self.end.saturating_sub(self.begin).max(1) as f64;
        (at.saturating_sub(self.begin) as f64 / span).clamp(0.0, 1.0)
    }

    /// Times in even steps; the day is written where it changes.
    fn ticks(&self) -> Vec<(f64, String)> {
        let span = self.end.saturating_sub(self.begin);
        let at = |step: i64| self.begin.saturating_add(span / TICKS * step);
        let label = |at: i64| {
            let moment = clock::rfc3339(at).map(|text| time::moment(&text));
            let moment = moment.unwrap_or_default();
            let mut parts = moment.split(' ');
            let (day, time) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            match span {
                span if span >= 2 * DAY => day.to_owned(),
                // steps of less than a second need more than seconds
                span if span < TICKS * SECOND => {
                    let part = at.rem_euclid(SECOND) / MILLISECOND;
                    format!("{time}.{part:03}")
                }
                _ => time.to_owned(),
            }
        };
        (0..=TICKS)
            .map(|step| (step as f64 / TICKS as f64, label(at(step))))
            .collect()
    }
}

fn lanes(source: &Source<'_>, cluster: &Cluster, dated: &[Dated<'_>], scale: &Scale) -> Vec<Lane> {
    let mut lanes: BTreeMap<&str, Lane> = BTreeMap::new();
    for (number, one) in (1..).zip(dated) {
        let node = one.incident.node.as_deref().unwrap_or("");
        let lane = lanes.entry(node).or_default();
        let (begin, end) = (scale.place(one.begin), scale.place(one.end));
        let row = free_row(&lane.bars, begin);
        lane.rows = lane.rows.max(row + 1);
        lane.bars.push(Bar {
            number,
            span: (begin, end),
            severity: one.incident.severity,
            open: !one.incident.cleared,
            row,
        });
    }
    // of a node on which nothing happened, that is told too
    for node in cluster.nodes.iter().take(QUIET) {
        lanes.entry(&node.name).or_default();
    }
    for state in &cluster.states {
        if let Some(at) = state.at.as_deref().and_then(clock::micros) {
            let lane = lanes.entry(&state.node).or_default();
            if lane.changes.len() < source.limits.drawn {
                lane.changes.push(scale.place(at));
            }
        }
    }
    let named = lanes
        .into_iter()
        .take(source.limits.drawn)
        .map(|(node, lane)| {
            let mut facts = cluster.facts.iter();
            let clock = facts.find(|fact| fact.name == CLOCK && fact.subject == node);
            Lane {
                node: match node {
                    "" => source.word("page.whole_cluster").to_owned(),
                    node => node.to_owned(),
                },
                clock: clock.map_or_else(String::new, |fact| {
                    let about = words::fact(source.locale(), CLOCK);
                    format!("{about} {}", fact.value)
                }),
                rows: lane.rows.max(1),
                ..lane
            }
        });
    named.collect()
}

/// The first row in which nothing is in the way of a mark.
fn free_row(bars: &[Bar], begin: f64) -> usize {
    let taken = |row: &usize| {
        bars.iter()
            .any(|bar| bar.row == *row && bar.span.1.max(bar.span.0 + MARK) > begin)
    };
    let rows = bars.iter().map(|bar| bar.row + 1).max().unwrap_or(0);
    (0..rows).find(|row| !taken(row)).unwrap_or(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::Severity;

    fn bar(span: (f64, f64), row: usize) -> Bar {
        Bar {
            number: 1,
            span,
            severity: Severity::Error,
            open: true,
            row,
        }
    }

    #[test]
    fn marks_do_not_lie_on_each_other() {
        assert_eq!(free_row(&[], 0.0), 0);
        let bars = [bar((0.0, 0.5), 0), bar((0.1, 0.1), 1)];
        assert_eq!(free_row(&bars, 0.15), 2);
        assert_eq!(free_row(&bars, 0.3), 1);
        assert_eq!(free_row(&bars, 0.6), 0);
    }

    #[test]
    fn times_have_places() {
        let scale = Scale {
            begin: 1_597_262_263_000_000,
            end: 1_597_262_283_000_000,
        };
        assert!((scale.place(1_597_262_273_000_000) - 0.5).abs() < 1e-9);
        assert_eq!(scale.place(0), 0.0);
        let labels: Vec<String> = scale.ticks().into_iter().map(|(_, text)| text).collect();
        assert_eq!(
            labels,
            ["19:57:43", "19:57:48", "19:57:53", "19:57:58", "19:58:03"]
        );
        let days = Scale {
            begin: 0,
            end: 4 * DAY,
        };
        assert_eq!(days.ticks()[1].1, "1970-01-02");
    }
}
