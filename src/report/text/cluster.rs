//! The clusters one after the other, the worst first.

use crate::model::node::Role;
use crate::model::report::{
    Cluster, Coverage, Diagnosis, Node, NotChecked, ReadStatus, Report, Verdict,
};
use crate::report::layout;
use crate::report::paint::Tint;

use super::{Page, coverage, incident, states};
use crate::report::reading::Totals;
use crate::report::sort::{Group, Sorted};
use crate::report::{time, words};

/// Causes shown in full, and in one line each after them.
const CAUSES: usize = 5;
const ROWS: usize = 20;
/// Entries of the shorter lists.
const SHORT: usize = 5;
/// Lines for what to collect about one fault, and where they start.
const WISH_ROWS: usize = 5;
const WISH_INDENT: usize = 4;
/// Nodes and facts shown.
const NODES: usize = 32;
const FACTS: usize = 12;

/// Writes every cluster; those beyond `limit` in the overview only.
pub(super) fn all(page: &mut Page<'_>, report: &Report, limit: usize) {
    let mut clusters: Vec<&Cluster> = report.clusters.iter().collect();
    clusters.sort_by_key(|cluster| match cluster.verdict {
        Verdict::Faulty => 0,
        Verdict::Insufficient => 1,
        Verdict::Healthy => 2,
    });
    match clusters.as_slice() {
        [] => nothing(page, report),
        [one] => section(page, report, one),
        many => {
            overview(page, many);
            for cluster in many.iter().take(limit) {
                page.blank();
                let rule = "─".repeat(page.look.width);
                page.line(0, &rule, Some(Tint::Dim));
                section(page, report, cluster);
            }
        }
    }
}

fn nothing(page: &mut Page<'_>, report: &Report) {
    let read = Totals::of(report);
    let unreadable = |file: &Coverage| file.status != ReadStatus::Read;
    let (title, text) = if report.coverage.is_empty() {
        ("verdict.nothing_read", "nothing.empty")
    } else if read.recognised == 0 && report.coverage.iter().all(unreadable) {
        ("verdict.nothing_read", "nothing.unreadable")
    } else if read.recognised == 0 {
        ("verdict.nothing_recognised", "nothing.recognised")
    } else {
        ("verdict.insufficient", "nothing.cluster")
    };
    let title = page.word(title);
    page.line(0, title, Some(Tint::Yellow));
    let text = page.word(text);
    // the section on what was read comes next and lists the gaps
    page.prose(2, text);
}

/// One line per cluster.
fn overview(page: &mut Page<'_>, clusters: &[&Cluster]) {
    let text = page
        .look
        .locale
        .count("clusters", clusters.len() as u64, &[]);
    page.line(0, &text, Some(Tint::Bold));
    let widest = clusters
        .iter()
        .map(|cluster| layout::width(page.word(words::verdict(cluster.verdict))))
        .max()
        .unwrap_or(0);
    for cluster in clusters.iter().take(200) {
        let word = layout::pad(page.word(words::verdict(cluster.verdict)), widest);
        let first = Sorted::of(cluster)
            .groups
            .first()
            .map(|group| format!(": {}", group.lead.title))
            .unwrap_or_default();
        let name = layout::shorten(&cluster.name, page.look.width / 2);
        let text = layout::shorten(
            &format!(
                "{name} ({}){first}",
                page.word(words::product(cluster.product))
            ),
            page.look.width.saturating_sub(widest + 4),
        );
        let line = format!(
            "  {}  {text}",
            page.paint(&word, Tint::of_verdict(cluster.verdict))
        );
        page.push(&line);
    }
    page.more(2, clusters.len().saturating_sub(200));
}

fn section(page: &mut Page<'_>, report: &Report, cluster: &Cluster) {
    let sorted = Sorted::of(cluster);
    header(page, cluster);
    match cluster.verdict {
        Verdict::Faulty => {
            let text = numbers(page, &sorted);
            page.line(2, &text, None);
            coverage::warning(page, report);
        }
        Verdict::Healthy => {
            let text = page.fill(
                "healthy.text",
                &[("read", &Totals::of(report).describe(page.look.locale))],
            );
            page.prose(2, &text);
        }
        Verdict::Insufficient => {
            let text = page.fill(
                "insufficient.text",
                &[("read", &Totals::of(report).describe(page.look.locale))],
            );
            page.prose(2, &text);
            coverage::missing(page, report);
        }
    }
    causes(page, &sorted);
    not_checked(page, &cluster.not_checked);
    ruled_out(page, cluster);
    also_seen(page, &sorted);
    states::history(page, cluster);
    nodes(page, cluster);
    facts(page, cluster);
}

/// `2 root causes (5 incidents), 3 symptoms`
fn numbers(page: &Page<'_>, sorted: &Sorted<'_>) -> String {
    let locale = page.look.locale;
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

fn header(page: &mut Page<'_>, cluster: &Cluster) {
    let word = page.word(words::verdict(cluster.verdict));
    let nodes = page
        .look
        .locale
        .count("nodes", cluster.nodes.len() as u64, &[]);
    let about = format!("({}, {nodes})", page.word(words::product(cluster.product)));
    let room = page.look.width.saturating_sub(layout::width(word) + 2);
    let beside = room.saturating_sub(layout::width(&about) + 1);
    // a name that leaves no room for the rest has the line for itself
    let together = beside >= layout::width(&cluster.name).min(24);
    let name = layout::shorten(&cluster.name, if together { beside } else { room });
    let tail = if together {
        format!(" {about}")
    } else {
        String::new()
    };
    let word = page.paint(word, Tint::of_verdict(cluster.verdict));
    let line = format!("{word}  {}{tail}", page.paint(&name, Tint::Bold));
    page.push(&line);
    if !together {
        page.line(2, &about, None);
    }
}

fn causes(page: &mut Page<'_>, sorted: &Sorted<'_>) {
    let groups = &sorted.groups;
    let several = groups.len() > 1;
    if several {
        index(page, groups);
    }
    for (at, group) in groups.iter().take(CAUSES).enumerate() {
        page.blank();
        incident::full(
            page,
            several.then_some(at + 1),
            group,
            &sorted.symptoms_of(group),
        );
    }
    let more: Vec<&Diagnosis> = groups.iter().skip(CAUSES).flat_map(Group::all).collect();
    if !more.is_empty() {
        let title = page.word("section.more_causes");
        page.heading(title);
        incidents(page, &more, "incident.open");
    }
}

/// The causes in a line each, before the first one fills the screen.
fn index(page: &mut Page<'_>, groups: &[Group<'_>]) {
    page.blank();
    for (at, group) in groups.iter().take(CAUSES + 1).enumerate() {
        let lead = format!(
            "{}. {}",
            at + 1,
            page.word(words::severity(group.lead.severity))
        );
        let place = match group.others.len() {
            0 => words::place(group.lead),
            others => page.look.locale.count("incidents", others as u64 + 1, &[]),
        };
        let parts = [group.lead.title.clone(), place]
            .into_iter()
            .filter(|text| !text.is_empty());
        let room = page.look.width.saturating_sub(layout::width(&lead) + 4);
        let text = layout::shorten(&parts.collect::<Vec<_>>().join(" · "), room);
        let lead = page.paint(&lead, Tint::of_severity(group.lead.severity));
        page.push(&format!("  {lead}  {text}"));
    }
    page.more(2, groups.len().saturating_sub(CAUSES + 1));
}

/// Incidents in a line each. `standing` is the word for those that were not cleared.
fn incidents(page: &mut Page<'_>, list: &[&Diagnosis], standing: &'static str) {
    let rows: Vec<Vec<String>> = list
        .iter()
        .take(ROWS)
        .map(|d| row(page, d, standing))
        .collect();
    page.table(
        &[
            "column.severity",
            "column.incident",
            "column.where",
            "column.since",
            "column.state",
        ],
        &[],
        &rows,
    );
    page.more(2, list.len().saturating_sub(ROWS));
}

fn row(page: &Page<'_>, d: &Diagnosis, standing: &'static str) -> Vec<String> {
    let state = if d.cleared {
        "incident.cleared"
    } else {
        standing
    };
    vec![
        page.word(words::severity(d.severity)).to_owned(),
        d.title.clone(),
        words::place(d),
        time::short(page.look.locale, d.first_seen.as_deref(), None),
        page.word(state).to_owned(),
    ]
}

/// What could not be decided: what to collect and why, under the fault that it would decide.
/// Faults with the same wishes stand together.
fn not_checked(page: &mut Page<'_>, list: &[NotChecked]) {
    let merged = words::undecided(list);
    if merged.is_empty() {
        return;
    }
    let title = page.word("section.not_checked");
    page.heading(title);
    for (faults, wishes) in merged.iter().take(SHORT) {
        for fault in faults {
            let title = words::undecided_name(&page.look, fault);
            page.prose(2, &title);
        }
        self::wishes(page, wishes);
    }
    page.more(2, merged.len().saturating_sub(SHORT));
}

/// What to collect and why, in [`WISH_ROWS`] lines; the first is shown whatever it takes.
fn wishes(page: &mut Page<'_>, list: &[(&str, &str)]) {
    let mut rows = 0;
    for (at, (collect, because)) in list.iter().enumerate() {
        let text = if collect.is_empty() {
            (*because).to_owned()
        } else {
            page.fill(
                "not_checked.item",
                &[("collect", collect), ("because", because)],
            )
        };
        rows += layout::wrap(&text, page.room(WISH_INDENT + 3)).len();
        if at > 0 && rows > WISH_ROWS {
            page.more(WISH_INDENT, list.len() - at);
            return;
        }
        page.item(WISH_INDENT, "-", None, &text);
    }
}

fn ruled_out(page: &mut Page<'_>, cluster: &Cluster) {
    if cluster.ruled_out.is_empty() {
        return;
    }
    let title = page.word("section.ruled_out");
    page.heading(title);
    for entry in cluster.ruled_out.iter().take(SHORT) {
        let text = format!(
            "{}: {}",
            words::fault(&page.look, &entry.fault),
            entry.because
        );
        page.prose(2, &text);
    }
    page.more(2, cluster.ruled_out.len().saturating_sub(SHORT));
}

fn also_seen(page: &mut Page<'_>, sorted: &Sorted<'_>) {
    if sorted.rest.is_empty() {
        return;
    }
    let title = page.word("section.also_seen");
    page.heading(title);
    incidents(page, &sorted.rest, "incident.standing");
}

fn nodes(page: &mut Page<'_>, cluster: &Cluster) {
    let heads: Vec<&str> = cluster.name.split(", ").collect();
    let place = |name: &str| heads.iter().position(|head| *head == name);
    let told = cluster.nodes.iter().any(|node| {
        node.role != Role::Unknown
            || node.version.is_some()
            || node.addresses.iter().any(|address| *address != node.name)
            || place(&node.name).is_none()
    });
    // names alone stand in the head already
    if !told {
        return;
    }
    let mut nodes: Vec<&Node> = cluster.nodes.iter().collect();
    nodes.sort_by_key(|node| place(&node.name).unwrap_or(heads.len()));
    let title = page.word("section.nodes");
    page.heading(title);
    let rows: Vec<Vec<String>> = nodes
        .iter()
        .take(NODES)
        .map(|node| {
            let role = match node.role {
                Role::Unknown => String::new(),
                role => page.word(words::role(role)).to_owned(),
            };
            vec![
                node.name.clone(),
                role,
                node.addresses
                    .iter()
                    .filter(|address| **address != node.name)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", "),
                node.version.clone().unwrap_or_default(),
                node.role_as_of
                    .as_deref()
                    .map(time::moment)
                    .unwrap_or_default(),
            ]
        })
        .collect();
    page.table(
        &[
            "column.node",
            "column.role",
            "column.addresses",
            "column.version",
            "column.role_as_of",
        ],
        &[],
        &rows,
    );
    page.more(2, cluster.nodes.len().saturating_sub(NODES));
}

fn facts(page: &mut Page<'_>, cluster: &Cluster) {
    if cluster.facts.is_empty() {
        return;
    }
    let title = page.word("section.facts");
    page.heading(title);
    let rows: Vec<Vec<String>> = cluster
        .facts
        .iter()
        .take(FACTS)
        .map(|fact| {
            vec![
                fact.subject.clone(),
                words::fact(page.look.locale, &fact.name),
                layout::shorten(&fact.value.replace('\n', " "), 120),
                fact.observed
                    .as_deref()
                    .map(time::moment)
                    .unwrap_or_default(),
            ]
        })
        .collect();
    page.table(
        &["column.node", "column.fact", "column.value", "column.seen"],
        &[],
        &rows,
    );
    page.more(2, cluster.facts.len().saturating_sub(FACTS));
}
