//! What two reports differ in, as every form of it says it: sections of entries, in words.

use std::io::{self, Write};

use super::{html, markdown, page, sanitize, time, words};
use crate::locale::Locale;
use crate::model::diff::{
    Cleared, ClusterChange, Diff, How, Incident, Source, Unchanged, Undecided, Why,
};
use crate::model::report::{Evidence, Severity, Verdict};

/// Files that are named as proof.
const FILES: usize = 3;

/// What changed, in the reader's language.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// One line per cluster.
    pub clusters: Vec<Change>,
    /// Something that a reader should know about the comparison itself.
    pub notes: Vec<String>,
    /// What is over, new, open as before, and undecided; empty ones are left out.
    pub sections: Vec<Section>,
}

/// A cluster's verdict, then and now.
#[derive(Clone, Debug)]
pub struct Change {
    /// Product and name.
    pub name: String,
    /// Verdict and its word in the earlier report.
    pub before: (Option<Verdict>, String),
    /// The same of the later one.
    pub after: (Option<Verdict>, String),
}

/// Entries of one kind.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its heading, with their number.
    pub title: String,
    /// Entries.
    pub entries: Vec<Entry>,
    /// How many more there are.
    pub more: usize,
}

/// One incident.
#[derive(Clone, Debug)]
pub struct Entry {
    /// How grave.
    pub severity: Severity,
    /// The word for it.
    pub word: String,
    /// Title of the fault.
    pub title: String,
    /// Node and peer.
    pub place: String,
    /// What happened.
    pub summary: String,
    /// What is said about it.
    pub says: Vec<String>,
    /// Where it is seen.
    pub proof: Vec<Evidence>,
}

/// Writes JSON.
///
/// # Errors
/// Those of `out`.
pub fn write_json(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, diff).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// Writes a page: HTML, or Markdown.
///
/// # Errors
/// Those of `out`.
pub fn write_page(diff: &Diff, form: &str, locale: &Locale, out: &mut dyn Write) -> io::Result<()> {
    let diff = sanitize::value(diff)?;
    let made = |limits| page::diff(&diff, locale, limits);
    let text = match form {
        "html" => html::bounded(locale, made),
        _ => markdown::bounded(locale, made),
    };
    out.write_all(text.as_bytes())
}

impl View {
    /// The view of a diff, with at most so many entries of each kind.
    pub fn of(diff: &Diff, locale: &Locale, most: usize) -> Self {
        let mut notes = Vec::new();
        if diff.before.rules_digest != diff.after.rules_digest {
            notes.push(locale.word("diff.other_rules").to_owned());
        }
        if diff.omitted > 0 {
            notes.push(locale.count("omitted", diff.omitted, &[]));
        }
        let sections = [
            section((locale, most), "diff.cleared", &diff.cleared, cleared),
            section((locale, most), "diff.new", &diff.new, new),
            section((locale, most), "diff.unchanged", &diff.unchanged, unchanged),
            section((locale, most), "diff.undecided", &diff.undecided, undecided),
        ];
        Self {
            clusters: diff.clusters.iter().map(|c| change(locale, c)).collect(),
            notes,
            sections: sections.into_iter().flatten().collect(),
        }
    }
}

fn change(locale: &Locale, cluster: &ClusterChange) -> Change {
    let word = |verdict: Option<Verdict>| {
        let key = verdict.map_or("diff.absent", words::verdict);
        (verdict, locale.word(key).to_owned())
    };
    Change {
        name: format!(
            "{} {}",
            locale.word(words::product(cluster.product)),
            cluster.name
        ),
        before: word(cluster.before),
        after: word(cluster.after),
    }
}

fn section<T>(
    (locale, most): (&Locale, usize),
    key: &str,
    list: &[T],
    entry: impl Fn(&Locale, &T) -> Entry,
) -> Option<Section> {
    if list.is_empty() {
        return None;
    }
    Some(Section {
        title: locale.fill(key, &[("count", &list.len().to_string())]),
        entries: list
            .iter()
            .take(most)
            .map(|one| entry(locale, one))
            .collect(),
        more: list.len().saturating_sub(most),
    })
}

fn incident(locale: &Locale, of: &Incident) -> Entry {
    Entry {
        severity: of.severity,
        word: locale.word(words::severity(of.severity)).to_owned(),
        title: of.title.clone(),
        place: words::between(of.node.as_deref(), of.peer.as_deref()),
        summary: of.summary.clone(),
        says: Vec::new(),
        proof: Vec::new(),
    }
}

/// When it was seen; what stands on a screen has no time.
fn seen(locale: &Locale, of: &Incident) -> Vec<String> {
    let (first, last) = (of.first_seen.as_deref(), of.last_seen.as_deref());
    let times = first.or(last).map(|_| time::span(locale, first, last));
    times.into_iter().collect()
}

/// The words of the first key without a time, of the second one with it.
fn at(locale: &Locale, keys: [&str; 2], time: Option<&str>) -> String {
    let [bare, dated] = keys;
    match time {
        Some(time) => locale.fill(dated, &[("time", &time::moment(time))]),
        None => locale.word(bare).to_owned(),
    }
}

fn cleared(locale: &Locale, one: &Cleared) -> Entry {
    let proof = &one.proof;
    let keys = match proof.how {
        How::Recorded => ["diff.recorded", "diff.recorded_at"],
        // what excludes a fault has no time of its own
        How::RuledOut => ["diff.ruled_out"; 2],
        How::NotSeen => ["diff.not_seen", "diff.not_seen_at"],
    };
    let mut says = vec![at(locale, keys, proof.at.as_deref())];
    says.extend(proof.because.clone());
    if proof.how == How::NotSeen {
        let files = proof.evidence.iter().map(|file| file.origin.as_str());
        says.push(locale.fill("diff.looked_in", &[("files", &listed(files))]));
    }
    let seen_in = match proof.how {
        How::NotSeen => Vec::new(),
        _ => proof.evidence.iter().take(FILES).cloned().collect(),
    };
    Entry {
        says,
        proof: seen_in,
        ..incident(locale, &one.incident)
    }
}

fn new(locale: &Locale, one: &Incident) -> Entry {
    let mut says = seen(locale, one);
    if one.cleared {
        let keys = ["incident.cleared", "incident.cleared_at"];
        says.push(at(locale, keys, one.cleared_at.as_deref()));
    }
    Entry {
        says,
        proof: one.evidence.clone(),
        ..incident(locale, one)
    }
}

fn unchanged(locale: &Locale, one: &Unchanged) -> Entry {
    let mut says = seen(locale, &one.incident);
    if one.count_before != one.incident.count {
        let counts = [
            ("before", one.count_before.to_string()),
            ("after", one.incident.count.to_string()),
        ];
        let counts = counts
            .each_ref()
            .map(|(name, count)| (*name, count.as_str()));
        says.push(locale.fill("diff.counts", &counts));
    }
    if one.severity_before != one.incident.severity {
        let word = locale.word(words::severity(one.severity_before));
        says.push(locale.fill("diff.severity_before", &[("severity", word)]));
    }
    Entry {
        says,
        proof: one.incident.evidence.last().cloned().into_iter().collect(),
        ..incident(locale, &one.incident)
    }
}

fn undecided(locale: &Locale, one: &Undecided) -> Entry {
    let key = match one.why {
        Why::NoCluster => "diff.no_cluster",
        Why::NotCollected => "diff.not_collected",
        Why::NotLater => "diff.not_later",
        Why::NotRead => "diff.not_read",
        Why::NotChecked => "diff.not_checked",
        Why::LeftOut => "diff.left_out",
    };
    let source = |of: &Source| match of.nodes.is_empty() {
        true => of.format.clone(),
        false => format!(
            "{} ({})",
            of.format,
            listed(of.nodes.iter().map(String::as_str))
        ),
    };
    let mut says = vec![locale.word(key).to_owned()];
    if !one.wanted.is_empty() {
        let wanted: Vec<String> = one.wanted.iter().take(FILES).map(source).collect();
        says.push(locale.fill("diff.wanted", &[("sources", &wanted.join(", "))]));
    }
    Entry {
        says,
        ..incident(locale, &one.incident)
    }
}

/// The first of a list of names, and how many more there are.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    let shown = names
        .iter()
        .take(FILES)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(FILES) {
        0 => shown,
        more => format!("{shown} +{more}"),
    }
}
