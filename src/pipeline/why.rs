//! Why a fault was or was not concluded, clause by clause.

use crate::catalog::Fault;
use crate::catalog::fault::{Clause, Term};
use crate::detect::incident;
use crate::detect::resolve::{TimedHit, Timeline};
use crate::detect::table::{Owner, Table};
use crate::model::hit::Collected;

/// One line per clause and per condition, for every cluster where the fault could be.
pub(super) fn lines(
    collected: &Collected,
    timeline: &Timeline,
    table: &Table<'_>,
    id: &str,
) -> Vec<String> {
    let Some(at) = table.catalog.faults.iter().position(|fault| fault.id == id) else {
        return Vec::new();
    };
    let Some(fault) = table.catalog.faults.get(at) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    let (findings, _) = incident::findings(timeline, table);
    for finding in findings.iter().filter(|finding| finding.fault == at) {
        let label = |node: Option<usize>| {
            node.and_then(|at| timeline.nodes.get(at))
                .map_or("-", |node| node.label())
        };
        lines.push(format!(
            "{id}: concluded on {} about {} by clause {} with {} record(s)",
            label(finding.node),
            label(finding.peer),
            finding.clause + 1,
            finding.count
        ));
    }
    if lines.is_empty() {
        lines.push(format!("{id}: not concluded"));
    }
    let hits: Vec<&TimedHit> = timeline
        .hits
        .iter()
        .filter(|hit| {
            table
                .get(hit.signal)
                .is_some_and(|entry| entry.owner == Owner::Fault(at))
        })
        .collect();
    for (number, clause) in fault.when.iter().enumerate() {
        lines.push(format!(
            "  clause {}: {}",
            number + 1,
            clause_text(fault, clause)
        ));
    }
    for (place, signal) in fault.signals.iter().enumerate() {
        let own: Vec<&&TimedHit> = hits
            .iter()
            .filter(|hit| {
                table
                    .get(hit.signal)
                    .is_some_and(|entry| usize::from(entry.place) == place)
            })
            .collect();
        let records: u64 = own.iter().map(|hit| hit.weight).sum();
        let nearest = own
            .first()
            .and_then(|hit| {
                Some(format!(
                    ", first at {}:{}",
                    collected.files.get(hit.file as usize)?.origin,
                    hit.line
                ))
            })
            .unwrap_or_default();
        lines.push(format!(
            "  signal {}: {records} record(s){nearest}",
            signal.name
        ));
    }
    lines
}

fn clause_text(fault: &Fault, clause: &Clause) -> String {
    let name = |term: &Term| match term {
        Term::Signal(at) => fault
            .signals
            .get(usize::from(*at))
            .map_or("?", |s| s.name.as_str()),
        Term::Correlation(at) => fault
            .correlations
            .get(usize::from(*at))
            .map_or("?", |c| c.name.as_str()),
    };
    let list = |what: &str, terms: &[Term]| {
        (!terms.is_empty()).then(|| {
            format!(
                "{what} {}",
                terms.iter().map(name).collect::<Vec<_>>().join(", ")
            )
        })
    };
    let parts: Vec<String> = [
        list("all of", &clause.all),
        list("any of", &clause.any),
        list("none of", &clause.none),
    ]
    .into_iter()
    .flatten()
    .collect();
    format!("{:?} when {}", clause.confidence, parts.join("; ")).to_lowercase()
}
