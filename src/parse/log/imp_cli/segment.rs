//! Answers whose line feeds were lost on the way: one line that holds several.

use memchr::memmem;

use super::line::{Line, classify};
use super::value::{member, replication};

/// Shortest line that is looked at.
const SHORTEST: usize = 60;
/// Longest line that is parted.
const LONGEST: usize = 16 * 1024;

/// Words with which a line of an answer begins.
const STARTS: [&[u8]; 7] = [
    b"Subcluster Name:",
    b"Node 1 Name",
    b"Node 2 Name",
    b"test - ",
    b"skip - ",
    b"Cluster Detailed View from ",
    b"Server Table (processnode) Entries",
];

/// Everything that a line tells, each with its place in the line; nearly always one thing.
pub(super) fn classify_all(line: &[u8]) -> Vec<(usize, usize, Line<'_>)> {
    let cuts = cuts(line);
    let ends = cuts.iter().skip(1).copied().chain([line.len()]);
    let parts = cuts.iter().zip(ends);
    let told = parts.filter_map(|(from, end)| {
        let kind = classify(line.get(*from..end)?)?;
        Some((*from, end, kind))
    });
    told.collect()
}

/// True where a line tells something.
pub(super) fn tells(line: &[u8]) -> bool {
    !classify_all(line).is_empty()
}

/// Where the parts of a line begin, the first at 0.
fn cuts(line: &[u8]) -> Vec<usize> {
    let mut cuts = vec![0];
    if !(SHORTEST..=LONGEST).contains(&line.len()) {
        return cuts;
    }
    for start in STARTS {
        cuts.extend(memmem::find_iter(line, start).filter(|at| behind_blank(line, *at)));
    }
    // rows of tables have no word of their own
    let members = memmem::find(line, b" DBPub").or_else(|| memmem::find(line, b" DBSub"));
    let replicas = memmem::find(line, b"(g_");
    if members.is_some() || replicas.is_some() {
        let words = words(line);
        for (nth, at) in words.iter().enumerate() {
            let rest = line.get(*at..).unwrap_or_default();
            let begins = (members.is_some() && member(rest).is_some())
                || (replicas.is_some() && nth > 0 && replication_begins(rest));
            if begins {
                cuts.push(*at);
            }
        }
    }
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

fn behind_blank(line: &[u8], at: usize) -> bool {
    at > 0 && line.get(at - 1).is_some_and(u8::is_ascii_whitespace)
}

/// Where the words of a line begin.
fn words(line: &[u8]) -> Vec<usize> {
    let starts = (0..line.len()).filter(|at| {
        let here = line.get(*at).is_some_and(|b| !b.is_ascii_whitespace());
        here && (*at == 0 || behind_blank(line, *at))
    });
    starts.collect()
}

/// A row of replication: the words up to its number are few.
fn replication_begins(rest: &[u8]) -> bool {
    let head = rest.get(..rest.len().min(160)).unwrap_or_default();
    replication(head).is_some_and(|row| row.links.is_some())
}
