//! A diagnosis as a page: verdict, causes, what surrounds them, and what the verdict rests on.

use super::{
    Block, Line, Mark, Page, Section, Table, causes, lists, packets, plan, timeline, topology,
};
use crate::locale::{Locale, grouped};
use crate::model::plan::Plan;
use crate::model::report::{Cluster, ReadStatus, Report, Verdict};
use crate::report::reading::Totals;
use crate::report::sort::Sorted;
use crate::report::{Attached, Look, words};

/// How much of everything a page shows; what is left out is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Clusters shown in full, and named.
    pub clusters: usize,
    /// Clusters that are named.
    pub named: usize,
    /// Causes shown in full.
    pub causes: usize,
    /// Proofs that stand open under a cause.
    pub proofs: usize,
    /// Further evidence, folded.
    pub evidence: usize,
    /// Symptoms and other incidents of a fault under a cause.
    pub below: usize,
    /// Rows of tables of incidents, states and facts.
    pub rows: usize,
    /// Entries of what is ruled out and of what to collect.
    pub short: usize,
    /// Nodes in a table.
    pub nodes: usize,
    /// Files in a table.
    pub files: usize,
    /// Nodes and incidents in a drawing.
    pub drawn: usize,
    /// Connections, and lines of each.
    pub flows: usize,
    /// Lines of a ladder.
    pub rungs: usize,
    /// Remedies of a plan.
    pub tasks: usize,
}

impl Limits {
    /// What `make` puts together, written with as much as fits into `cap` bytes: it gets smaller
    /// limits until it does.
    pub fn bounded(
        self,
        cap: usize,
        make: impl Fn(Self) -> Page,
        write: impl Fn(&Page) -> String,
    ) -> String {
        let mut divisor = 1;
        loop {
            let text = write(&make(self.over(divisor)));
            // with every limit at one, nothing is left that could be left out
            if text.len() <= cap || divisor > self.rungs {
                return text;
            }
            divisor *= 2;
        }
    }

    /// Each of them divided, and at least one.
    #[must_use]
    pub fn over(self, divisor: usize) -> Self {
        let part = |most: usize| (most / divisor.max(1)).max(1);
        Self {
            clusters: part(self.clusters),
            named: part(self.named),
            causes: part(self.causes),
            proofs: part(self.proofs),
            // what is left out may be all of it
            evidence: self.evidence / divisor.max(1),
            below: part(self.below),
            rows: part(self.rows),
            short: part(self.short),
            nodes: part(self.nodes),
            files: part(self.files),
            drawn: part(self.drawn),
            flows: part(self.flows),
            rungs: part(self.rungs),
            tasks: part(self.tasks),
        }
    }
}

/// Everything that a page is made from; all texts are safe already.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    pub(super) report: &'s Report,
    pub(super) attached: &'s Attached,
    pub(super) look: &'s Look<'s>,
    pub(super) limits: Limits,
}

impl<'s> Source<'s> {
    pub(super) fn locale(&self) -> &'s Locale {
        self.look.locale
    }

    pub(super) fn word(&self, key: &'s str) -> &'s str {
        self.look.locale.word(key)
    }

    /// How many entries of a list are not shown, if any.
    pub(super) fn more(&self, left: usize) -> Option<Line> {
        (left > 0).then(|| Line::words(self.locale().count("more", left as u64, &[])))
    }

    /// A table with a line below it for the rows that are left out.
    pub(super) fn table(&self, heads: &[&str], rows: Vec<Vec<Line>>, left: usize) -> Vec<Block> {
        let table = Block::Table(Table {
            caption: String::new(),
            heads: heads
                .iter()
                .map(|key| self.locale().word(key).to_owned())
                .collect(),
            numbers: Vec::new(),
            rows,
        });
        let more = self.more(left).map(Block::Text);
        std::iter::once(table).chain(more).collect()
    }

    /// The plan for a cluster, by its place in the report.
    fn plan(&self, at: usize) -> Option<&'s Plan> {
        self.attached.plans.get(at)?.as_ref()
    }
}

/// Puts a page together. Texts of `report` and `attached` are safe to show already.
pub fn report(report: &Report, attached: &Attached, look: &Look<'_>, limits: Limits) -> Page {
    let source = Source {
        report,
        attached,
        look,
        limits,
    };
    let mut clusters: Vec<(usize, &Cluster)> = report.clusters.iter().enumerate().collect();
    clusters.sort_by_key(|(_, cluster)| match cluster.verdict {
        Verdict::Faulty => 0,
        Verdict::Insufficient => 1,
        Verdict::Healthy => 2,
    });
    let mut page = match clusters.as_slice() {
        [] => nothing(&source),
        [(at, one)] => {
            let (lead, sections) = cluster(&source, *at, one);
            let sections = sections.into_iter().map(Section::listed).collect();
            Page {
                title: heading(&source, one),
                lead,
                sections,
                footer: Vec::new(),
            }
        }
        many => several(&source, many),
    };
    page.sections
        .extend(lists::coverage(&source).map(Section::listed));
    page.footer = footer(&source);
    page
}

/// `FAULTY expc01, expc02`
fn heading(source: &Source<'_>, cluster: &Cluster) -> Line {
    Line::default()
        .and_badge(
            Mark::Verdict(cluster.verdict),
            source.word(words::verdict(cluster.verdict)),
        )
        .and(" ")
        .and(&*cluster.name)
}

fn nothing(source: &Source<'_>) -> Page {
    let report = source.report;
    let read = Totals::of(report);
    let unreadable = report
        .coverage
        .iter()
        .all(|file| file.status != ReadStatus::Read);
    let (title, text) = match (report.coverage.is_empty(), read.recognised) {
        (true, _) => ("verdict.nothing_read", "nothing.empty"),
        (false, 0) if unreadable => ("verdict.nothing_read", "nothing.unreadable"),
        (false, 0) => ("verdict.nothing_recognised", "nothing.recognised"),
        (false, _) => ("verdict.insufficient", "nothing.cluster"),
    };
    Page {
        title: Line::default().and_badge(Mark::Verdict(Verdict::Insufficient), source.word(title)),
        lead: vec![Block::Text(Line::words(source.word(text)))],
        ..Page::default()
    }
}

fn several(source: &Source<'_>, clusters: &[(usize, &Cluster)]) -> Page {
    let count = source
        .locale()
        .count("clusters", clusters.len() as u64, &[]);
    let limits = source.limits;
    let row = |(_, cluster): &(usize, &Cluster)| {
        let sorted = Sorted::of(cluster);
        let first = sorted.groups.first();
        vec![
            verdict(source, cluster.verdict),
            Line::words(&*cluster.name),
            Line::words(source.word(words::product(cluster.product))),
            Line::words(first.map_or("", |group| group.lead.title.as_str())),
        ]
    };
    let rows = clusters.iter().take(limits.named).map(row).collect();
    let heads = [
        "page.verdict",
        "page.cluster",
        "page.product",
        "page.gravest",
    ];
    let left = clusters.len().saturating_sub(limits.named);
    let sections = clusters.iter().take(limits.clusters).map(|(at, one)| {
        let (mut blocks, sections) = cluster(source, *at, one);
        blocks.extend(sections.into_iter().map(Block::Section));
        Section {
            title: heading(source, one),
            blocks,
            listed: true,
        }
    });
    let mut lead = source.table(&heads, rows, left);
    let short = clusters.len().saturating_sub(limits.clusters);
    if short > 0 {
        let text = source.locale().count("page.listed_only", short as u64, &[]);
        lead.push(Block::Note(Line::words(text)));
    }
    Page {
        title: Line::words(source.locale().fill("page.title", &[("name", &count)])),
        lead,
        sections: sections.collect(),
        footer: Vec::new(),
    }
}

fn verdict(source: &Source<'_>, verdict: Verdict) -> Line {
    let word = source.word(words::verdict(verdict));
    Line::default().and_badge(Mark::Verdict(verdict), word)
}

/// What stands under the verdict of a cluster, and the parts below it.
fn cluster(source: &Source<'_>, at: usize, cluster: &Cluster) -> (Vec<Block>, Vec<Section>) {
    let sorted = Sorted::of(cluster);
    let sections = [
        causes::section(source, &sorted),
        causes::others(source, &sorted),
        lists::not_checked(source, &cluster.not_checked),
        topology::section(source, cluster, &sorted),
        timeline::section(source, cluster),
        packets::section(source, cluster),
        source.plan(at).and_then(|plan| plan::section(source, plan)),
        lists::ruled_out(source, cluster),
        causes::also_seen(source, &sorted),
        lists::states(source, cluster),
        lists::facts(source, cluster),
    ];
    let sections = sections.into_iter().flatten().collect();
    (under_verdict(source, cluster, &sorted), sections)
}

fn under_verdict(source: &Source<'_>, cluster: &Cluster, sorted: &Sorted<'_>) -> Vec<Block> {
    let locale = source.locale();
    let product = source.word(words::product(cluster.product));
    let nodes = locale.count("nodes", cluster.nodes.len() as u64, &[]);
    let mut blocks = vec![Block::Text(Line::words(format!("{product}, {nodes}")))];
    let totals = Totals::of(source.report);
    let read = totals.describe(locale);
    let text = match cluster.verdict {
        Verdict::Faulty => numbers(locale, sorted),
        Verdict::Healthy => locale.fill("healthy.text", &[("read", &read)]),
        Verdict::Insufficient => locale.fill("insufficient.text", &[("read", &read)]),
    };
    blocks.push(Block::Text(Line::default().and_strong(text)));
    blocks.extend(causes::glance(source, sorted));
    if totals.gaps > 0 {
        let (gaps, files) = (grouped(totals.gaps), grouped(totals.files));
        let values = [("gaps", gaps.as_str()), ("files", files.as_str())];
        blocks.push(Block::Note(Line::words(
            locale.fill("coverage.warning", &values),
        )));
    }
    blocks
}

/// `2 root causes (5 incidents), 3 symptoms`
fn numbers(locale: &Locale, sorted: &Sorted<'_>) -> String {
    let mut text = locale.count("causes", sorted.groups.len() as u64, &[]);
    if sorted.causes > sorted.groups.len() {
        let incidents = locale.count("incidents", sorted.causes as u64, &[]);
        text = format!("{text} ({incidents})");
    }
    if sorted.symptoms > 0 {
        let symptoms = locale.count("symptoms", sorted.symptoms as u64, &[]);
        text = format!("{text}, {symptoms}");
    }
    text
}

fn footer(source: &Source<'_>) -> Vec<Line> {
    let locale = source.locale();
    let tool = &source.report.tool;
    let digest: String = tool
        .rules_digest
        .chars()
        .take("sha256:".len() + 12)
        .collect();
    let left = source.report.omitted.total();
    let mut lines = Vec::new();
    if left > 0 {
        lines.push(Line::words(locale.count("omitted", left, &[])));
    }
    for note in &source.attached.notes {
        lines.push(Line::words(locale.word(note)));
    }
    let values = [
        ("version", tool.version.as_str()),
        ("digest", digest.as_str()),
    ];
    lines.push(Line::words(locale.fill("footer", &values)));
    lines
}
