//! Why a fault was or was not concluded, clause by clause, in lines for people.

use crate::catalog::Fault;
use crate::catalog::fault::{Clause, Term};
use crate::detect::incident::why::{Attempt, Tried, attempts};
use crate::detect::resolve::Timeline;
use crate::detect::table::{Owner, Table};
use crate::model::hit::Collected;

/// Stretches of proof told one by one.
const SHOWN: usize = 20;

/// The clauses, then for every stretch of proof how each condition of each clause came out.
pub(super) fn lines(
    collected: &Collected,
    timeline: &Timeline,
    table: &Table<'_>,
    id: &str,
) -> Vec<String> {
    let Some((at, fault)) = table
        .catalog
        .faults
        .iter()
        .enumerate()
        .find(|(_, fault)| fault.id == id)
    else {
        return Vec::new();
    };
    let attempts = attempts(timeline, table, at);
    let concluded = attempts
        .iter()
        .filter(|attempt| winner(attempt).is_some())
        .count();
    let mut lines = vec![match concluded {
        0 => format!("{id}: not concluded"),
        1 => format!("{id}: concluded once"),
        more => format!("{id}: concluded {more} times"),
    }];
    for (number, clause) in (1..).zip(&fault.when) {
        lines.push(format!("  clause {number}: {}", clause_text(fault, clause)));
    }
    if attempts.is_empty() {
        lines
            .push("  no records satisfy the conditions of a clause together; seen were".to_owned());
        lines.extend(seen(collected, timeline, table, at));
    }
    for attempt in attempts.iter().take(SHOWN) {
        lines.push(format!(
            "  {}: {}",
            place(collected, timeline, attempt),
            outcome(attempt)
        ));
        for (number, tried) in (1..).zip(&attempt.clauses) {
            let parts: Vec<String> = tried.iter().map(condition).collect();
            lines.push(format!("    clause {number}: {}", parts.join(", ")));
        }
    }
    if attempts.len() > SHOWN {
        lines.push(format!("  and {} more stretches", attempts.len() - SHOWN));
    }
    lines
}

/// The first clause whose conditions all hold.
fn winner(attempt: &Attempt) -> Option<usize> {
    let at = attempt
        .clauses
        .iter()
        .position(|clause| clause.iter().all(|tried| tried.holds))?;
    Some(at + 1)
}

fn outcome(attempt: &Attempt) -> String {
    winner(attempt).map_or_else(
        || "no clause holds".to_owned(),
        |number| format!("clause {number} holds"),
    )
}

/// Whom the stretch is about and where it begins.
fn place(collected: &Collected, timeline: &Timeline, attempt: &Attempt) -> String {
    let label = |node: Option<usize>| {
        node.and_then(|at| timeline.nodes.get(at))
            .map(|node| node.label().to_owned())
    };
    let who = match (label(attempt.node), label(attempt.peer)) {
        (Some(node), Some(peer)) => format!("{node} about {peer}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "the cluster".to_owned(),
    };
    let first = attempt.hits.first().and_then(|at| timeline.hits.get(*at));
    let origin = first.and_then(|hit| {
        Some(format!(
            ", from {}:{}",
            collected.files.get(hit.file as usize)?.origin,
            hit.line
        ))
    });
    let records = match attempt.hits.len() {
        1 => "1 record".to_owned(),
        more => format!("{more} records"),
    };
    format!("{who}, {records}{}", origin.unwrap_or_default())
}

fn condition(tried: &Tried) -> String {
    let is = match (tried.wanted, tried.holds) {
        (true, true) => "yes",
        (true, false) => "no",
        (false, true) => "absent, as wanted",
        (false, false) => "there, which forbids it",
    };
    format!("{} {is}", tried.what)
}

/// Records that fit a signal of the fault although none of them begins it.
fn seen(
    collected: &Collected,
    timeline: &Timeline,
    table: &Table<'_>,
    fault: usize,
) -> Vec<String> {
    let own = table
        .entries()
        .iter()
        .filter(|entry| entry.owner == Owner::Fault(fault));
    let lines = own.map(|entry| {
        let hits: Vec<_> = timeline
            .hits
            .iter()
            .filter(|hit| hit.signal == entry.id)
            .collect();
        let first = hits.first().and_then(|hit| {
            Some(format!(
                ", first at {}:{}",
                collected.files.get(hit.file as usize)?.origin,
                hit.line
            ))
        });
        format!(
            "  signal {}: {} seen{}",
            entry.signal.name,
            hits.len(),
            first.unwrap_or_default()
        )
    });
    lines.collect()
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
    let outcome = match clause.confidence {
        Some(confidence) => format!("{confidence:?}"),
        None => "undecided".to_owned(),
    };
    format!("{outcome} when {}", parts.join("; ")).to_lowercase()
}
