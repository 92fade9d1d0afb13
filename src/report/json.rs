//! The report as JSON, shape `clusterdx.report/1`, never larger than [`CAP`].

use std::io::{self, Write};

use serde::Serialize;

use crate::model::report::Report;
use crate::report::{Look, Reporter};

/// Largest JSON report in bytes. Beyond it whole entries are left out and counted in `omitted`.
pub const CAP: usize = 32 << 20;

/// Writes JSON.
#[derive(Clone, Copy, Debug)]
pub struct JsonReport;

impl Reporter for JsonReport {
    fn id(&self) -> &'static str {
        "json"
    }

    fn write(&self, report: &Report, _look: &Look<'_>, out: &mut dyn Write) -> io::Result<()> {
        write_capped(report, CAP, out)
    }
}

/// Writes the report in at most `cap` bytes, as far as leaving out entries of coverage, nodes and
/// diagnoses can achieve it.
///
/// # Errors
/// Those of `out`.
pub fn write_capped(report: &Report, cap: usize, out: &mut dyn Write) -> io::Result<()> {
    let size = length(report)?;
    if size <= cap {
        print(report, &mut *out)?;
    } else {
        print(&trimmed(report, size, cap)?, &mut *out)?;
    }
    out.write_all(b"\n")
}

fn print(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(out, value).map_err(io::Error::from)
}

/// A copy of the report that fits: first the list that takes more than its share gives entries
/// from its end, then the next one; at last every list gives what it has.
fn trimmed(report: &Report, size: usize, cap: usize) -> io::Result<Report> {
    let mut copy = report.clone();
    // one line feed at the end, and the digits of `omitted`, which were zeros
    let mut excess = (size + 64).saturating_sub(cap);
    for share in [4, 8, usize::MAX] {
        trim_coverage(&mut copy, &mut excess, cap / share)?;
        trim_nodes(&mut copy, &mut excess, cap / share)?;
        trim_diagnoses(&mut copy, &mut excess, cap / share)?;
    }
    Ok(copy)
}

fn trim_coverage(report: &mut Report, excess: &mut usize, share: usize) -> io::Result<()> {
    let sizes = sizes(&report.coverage, 2)?;
    let mut total: usize = sizes.iter().sum();
    for size in sizes.into_iter().rev() {
        if *excess == 0 || total <= share {
            break;
        }
        report.coverage.pop();
        report.omitted.coverage += 1;
        total -= size;
        *excess = excess.saturating_sub(size);
    }
    Ok(())
}

fn trim_nodes(report: &mut Report, excess: &mut usize, share: usize) -> io::Result<()> {
    let per_cluster = report
        .clusters
        .iter()
        .map(|cluster| sizes(&cluster.nodes, 4))
        .collect::<io::Result<Vec<_>>>()?;
    for at in victims(per_cluster, excess, share) {
        if let Some(cluster) = report.clusters.get_mut(at) {
            cluster.nodes.pop();
            report.omitted.nodes += 1;
        }
    }
    Ok(())
}

fn trim_diagnoses(report: &mut Report, excess: &mut usize, share: usize) -> io::Result<()> {
    let per_cluster = report
        .clusters
        .iter()
        .map(|cluster| sizes(&cluster.diagnoses, 4))
        .collect::<io::Result<Vec<_>>>()?;
    for at in victims(per_cluster, excess, share) {
        if let Some(cluster) = report.clusters.get_mut(at) {
            cluster.diagnoses.pop();
            report.omitted.diagnoses += 1;
        }
    }
    Ok(())
}

/// Clusters that give up their last entry, in turn, until `excess` is gone or all entries take no
/// more than `share`. The cluster with the longest list gives first, so that none disappears
/// because another one is noisy.
fn victims(mut lists: Vec<Vec<usize>>, excess: &mut usize, share: usize) -> Vec<usize> {
    let mut total: usize = lists.iter().flatten().sum();
    let mut heap: std::collections::BinaryHeap<(usize, usize)> = lists
        .iter()
        .enumerate()
        .map(|(at, list)| (list.len(), at))
        .collect();
    let mut out = Vec::new();
    while *excess > 0 && total > share {
        let Some((_, at)) = heap.pop() else { break };
        let Some(list) = lists.get_mut(at) else { break };
        let Some(size) = list.pop() else { continue };
        heap.push((list.len(), at));
        total -= size;
        *excess = excess.saturating_sub(size);
        out.push(at);
    }
    out
}

/// Bytes that each entry takes in the report, where it stands `depth` levels deep.
fn sizes<T: Serialize>(entries: &[T], depth: usize) -> io::Result<Vec<usize>> {
    entries
        .iter()
        .map(|entry| {
            let mut counter = Counter::default();
            print(entry, &mut counter)?;
            // every line is indented by two spaces per level
            Ok(counter.bytes + (counter.lines + 1) * depth * 2)
        })
        .collect()
}

fn length(report: &Report) -> io::Result<usize> {
    let mut counter = Counter::default();
    print(report, &mut counter)?;
    Ok(counter.bytes + 1)
}

/// Counts what is written.
#[derive(Default)]
struct Counter {
    bytes: usize,
    lines: usize,
}

impl Write for Counter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.bytes += buf.len();
        self.lines += memchr::memchr_iter(b'\n', buf).count();
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::node::{Product, Role};
    use crate::model::report::{
        Cluster, Coverage, Node, Omitted, ReadStatus, SCHEMA, Tool, Verdict,
    };

    fn report(nodes: usize, files: usize) -> Report {
        let node = |n: usize| Node {
            name: format!("n{n}"),
            addresses: vec!["10.0.0.1".into()],
            role: Role::Unknown,
            role_as_of: None,
            version: None,
        };
        let file = |n: usize| Coverage {
            origin: format!("a.zip!/{n}.log"),
            format: "unrecognised".into(),
            status: ReadStatus::Read,
            bytes: 1,
            lines: 1,
            packets: 0,
            skipped: 0,
            first: None,
            last: None,
            nodes: Vec::new(),
            notes: Vec::new(),
        };
        Report {
            schema: SCHEMA.into(),
            tool: Tool {
                version: "0".into(),
                rules_digest: "sha256:0".into(),
            },
            clusters: vec![Cluster {
                name: "c".into(),
                product: Product::Cms,
                verdict: Verdict::Healthy,
                nodes: (0..nodes).map(node).collect(),
                facts: Vec::new(),
                states: Vec::new(),
                views: Vec::new(),
                diagnoses: Vec::new(),
                ruled_out: Vec::new(),
                not_checked: Vec::new(),
            }],
            coverage: (0..files).map(file).collect(),
            omitted: Omitted::default(),
        }
    }

    fn capped(report: &Report, cap: usize) -> (usize, Report) {
        let mut out = Vec::new();
        write_capped(report, cap, &mut out).unwrap();
        (out.len(), serde_json::from_slice(&out).unwrap())
    }

    #[test]
    fn a_small_report_is_written_whole() {
        let whole = report(3, 3);
        assert_eq!(capped(&whole, CAP).1, whole);
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let whole = report(500, 2000);
        for cap in [400_000, 100_000, 20_000, 4_000] {
            let (size, kept) = capped(&whole, cap);
            assert!(size <= cap, "{size} > {cap}");
            assert!(
                size > cap / 2 || cap < 20_000,
                "{size} of {cap}: too much was left out"
            );
            assert_eq!(kept.omitted.coverage as usize + kept.coverage.len(), 2000);
            assert_eq!(
                kept.omitted.nodes as usize + kept.clusters[0].nodes.len(),
                500
            );
            assert_eq!(kept.coverage[..], whole.coverage[..kept.coverage.len()]);
        }
    }

    #[test]
    fn the_noisy_cluster_gives_first() {
        let mut excess = 30;
        assert_eq!(
            victims(vec![vec![10, 10], vec![10, 10, 10, 10]], &mut excess, 0),
            [1, 1, 1]
        );
        assert_eq!(excess, 0);
    }
}
