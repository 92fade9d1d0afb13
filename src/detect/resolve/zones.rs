//! How far the wall clocks of nodes are ahead of UTC, where records tell it.
//!
//! Some logs of a node state no zone while another log of the same node has its wall clock and UTC
//! in every record. What the one tells holds for the other: files of one product below the same
//! folder or archive, the nearest that tells anything.

use std::collections::{BTreeMap, BTreeSet};

use super::{product_of_entry, product_of_parser, told_by, value};
use crate::catalog::fault::Tells;
use crate::detect::table::Table;
use crate::model::hit::Collected;
use crate::model::node::Product;
use crate::model::time::{RawTime, SECOND};

/// Offsets that records of a file state, each with the wall clock times between which it is stated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stated {
    /// (first, last, offset), microseconds.
    spans: BTreeSet<(i64, i64, i64)>,
    /// Folders and archives of the files that state them.
    units: BTreeSet<String>,
}

/// The zone of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Zone {
    spans: Vec<(i64, i64, i64)>,
    /// Files of one folder or archive state it: those of one node.
    pub(super) own: bool,
}

impl Zone {
    /// How far the wall clock that shows `wall` is ahead of UTC (microseconds): as the nearest
    /// record states, if the nearest agree.
    pub(super) fn ahead(&self, wall: i64) -> Option<i64> {
        let away = |first: i64, last: i64| (first - wall).max(wall - last).max(0);
        let near = self
            .spans
            .iter()
            .map(|(first, last, _)| away(*first, *last));
        let near = near.min()?;
        let nearest = self.spans.iter();
        let mut nearest = nearest.filter(|(first, last, _)| away(*first, *last) == near);
        let (_, _, ahead) = nearest.next()?;
        nearest
            .all(|(_, _, other)| other == ahead)
            .then_some(*ahead)
    }
}

/// For each file the zone in which its local times are to be read, where the input tells one.
pub(super) fn read(collected: &Collected, table: &Table<'_>) -> Vec<Option<Zone>> {
    let below = stated(collected, table);
    if below.is_empty() {
        return Vec::new();
    }
    let of_file = collected.files.iter().map(|file| {
        let products: BTreeSet<Product> =
            file.parsers.iter().map(|p| product_of_parser(p)).collect();
        let unit = file.origin.unit();
        let found = products.into_iter().find_map(|product| {
            containers(unit).find_map(|at| below.get(&(product, at.to_owned())))
        })?;
        Some(Zone {
            spans: found.spans.iter().copied().collect(),
            own: found.units.len() == 1,
        })
    });
    of_file.collect()
}

/// What is stated in files of a product anywhere below a folder or archive.
fn stated(collected: &Collected, table: &Table<'_>) -> BTreeMap<(Product, String), Stated> {
    let mut below: BTreeMap<(Product, String), Stated> = BTreeMap::new();
    for run in &collected.runs {
        let Some(entry) = table.get(run.signal) else {
            continue;
        };
        let Some(file) = collected.files.get(run.file as usize) else {
            continue;
        };
        for tells in told_by(table, entry.owner, entry.place) {
            let Tells::Zone(name) = tells else { continue };
            let Some(ahead) = value(run, entry.signal, name).and_then(parse) else {
                continue;
            };
            let walls = run.hits.iter().filter_map(|hit| match hit.time {
                RawTime::Instant(at) => Some(at.saturating_add(ahead)),
                _ => None,
            });
            let span = walls.map(|at| (at, at));
            let Some((first, last)) = span.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else {
                continue;
            };
            let product = product_of_entry(table, entry);
            let unit = file.origin.unit();
            for container in containers(unit) {
                let stated = below.entry((product, container.to_owned())).or_default();
                stated.spans.insert((first, last, ahead));
                stated.units.insert(unit.to_owned());
            }
        }
    }
    below
}

/// A folder or archive and all that it stands in, the innermost first, the whole input last.
fn containers(unit: &str) -> impl Iterator<Item = &str> {
    fn outer<'u>(inner: &&'u str) -> Option<&'u str> {
        let cut = inner.rfind('/')?;
        Some(inner.get(..cut)?.trim_end_matches('!'))
    }
    let all = std::iter::successors(Some(unit), outer);
    all.chain((!unit.is_empty()).then_some("")).take(CONTAINERS)
}

/// Folders and archives that are climbed; nobody nests deeper.
const CONTAINERS: usize = 64;

/// Reads `+hh:mm`: microseconds ahead of UTC.
fn parse(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let plausible = (0..=14).contains(&hours) && (0..60).contains(&minutes);
    plausible.then_some(sign * (hours * 3600 + minutes * 60) * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600 * SECOND;

    #[test]
    fn offsets_are_read() {
        assert_eq!(parse("-05:30"), Some(-5 * HOUR - HOUR / 2));
        assert_eq!(parse("+00:00"), Some(0));
        for bad in ["", "05:00", "+5", "+15:00", "+01:60", "+x:00", "-é:00"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn containers_are_climbed_to_the_whole_input() {
        let all: Vec<&str> = containers("dir/a.zip!/b.tar!/log").collect();
        assert_eq!(
            all,
            [
                "dir/a.zip!/b.tar!/log",
                "dir/a.zip!/b.tar",
                "dir/a.zip",
                "dir",
                ""
            ]
        );
        assert_eq!(containers("").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn the_nearest_statement_holds_and_contradictions_tell_nothing() {
        let zone = Zone {
            spans: vec![(0, 10 * HOUR, -HOUR), (20 * HOUR, 30 * HOUR, -2 * HOUR)],
            own: true,
        };
        assert_eq!(zone.ahead(5 * HOUR), Some(-HOUR));
        assert_eq!(zone.ahead(14 * HOUR), Some(-HOUR));
        assert_eq!(zone.ahead(16 * HOUR), Some(-2 * HOUR));
        assert_eq!(zone.ahead(15 * HOUR), None);
        let two = Zone {
            spans: vec![(0, 10, HOUR), (0, 20, 2 * HOUR)],
            own: false,
        };
        assert_eq!(two.ahead(5), None);
        assert_eq!(two.ahead(15), Some(2 * HOUR));
    }
}
