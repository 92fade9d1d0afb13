//! Diagnosis to plan: pure, total, deterministic.
//!
//! For every open incident the first remedy that can be bound is planned; why the others, or all,
//! cannot be is told. A hole is a refused remedy, never a guess.

mod basis;
mod bind;
mod place;
mod task;

pub use basis::{basis, matches};

use crate::catalog::Catalog;
use crate::catalog::remedy::{Remedy, Risk};
use crate::catalog::text::Lang;
use crate::model::plan::{Basis, Plan, PlannedIncident, Refused, SCHEMA, Task};
use crate::model::report::Severity;

/// Plans the remedies for the incidents of a basis.
pub fn plan(basis: Basis, catalog: &Catalog, lang: Lang) -> Plan {
    let mut tasks: Vec<Task> = Vec::new();
    let mut refused = Vec::new();
    for incident in &basis.incidents {
        if is_ambiguous(incident, &basis) {
            refused.push(Refused {
                incident: incident.id.clone(),
                fault: incident.fault.clone(),
                remedy: None,
                because: format!(
                    "several incidents of the report have the id '{}'",
                    incident.id
                ),
            });
            continue;
        }
        match remedied(incident, &basis, catalog, lang) {
            Ok(planned) => merge(&mut tasks, planned),
            Err(reasons) => refused.extend(reasons),
        }
    }
    for (at, task) in tasks.iter_mut().enumerate() {
        task::number(task, at + 1);
    }
    let id = basis::digest(&(&basis, &tasks, &refused));
    Plan {
        schema: SCHEMA.to_owned(),
        id,
        basis,
        tasks,
        refused,
    }
}

/// True when these rules make exactly this plan from its basis.
pub fn is_unchanged(plan: &Plan, catalog: &Catalog, lang: Lang) -> bool {
    self::plan(plan.basis.clone(), catalog, lang) == *plan
}

/// True when the id of an incident means another one with other values as well: a check would be
/// bound to either. The two sides of one incident may share theirs.
fn is_ambiguous(incident: &PlannedIncident, basis: &Basis) -> bool {
    let mut same = basis
        .incidents
        .iter()
        .filter(|other| other.id == incident.id);
    same.any(|other| other.bindings != incident.bindings || other.fault != incident.fault)
}

/// The tasks of the first remedy that can be bound, or why none can.
fn remedied(
    incident: &PlannedIncident,
    basis: &Basis,
    catalog: &Catalog,
    lang: Lang,
) -> Result<Vec<Task>, Vec<Refused>> {
    let refused = |remedy: Option<&str>, because: String| Refused {
        incident: incident.id.clone(),
        fault: incident.fault.clone(),
        remedy: remedy.map(str::to_owned),
        because,
    };
    let mut reasons = Vec::new();
    for id in &incident.remedies {
        let remedy = catalog.remedy(id);
        let known = remedy.filter(|remedy| remedy.faults.contains(&incident.fault));
        let tasks = match known {
            Some(remedy) => one(remedy, incident, basis, catalog, lang),
            None => Err("the rules in force have no such remedy for this fault".to_owned()),
        };
        match tasks {
            Ok(tasks) => return Ok(tasks),
            Err(because) => reasons.push(refused(Some(id), because)),
        }
    }
    if reasons.is_empty() {
        reasons.push(refused(
            None,
            "no remedy is known for this fault".to_owned(),
        ));
    }
    Err(reasons)
}

fn one(
    remedy: &Remedy,
    incident: &PlannedIncident,
    basis: &Basis,
    catalog: &Catalog,
    lang: Lang,
) -> Result<Vec<Task>, String> {
    let dialect = catalog
        .dialects
        .iter()
        .find(|known| known.id == remedy.dialect);
    let dialect = dialect.ok_or_else(|| format!("there is no dialect '{}'", remedy.dialect))?;
    let nodes = place::nodes(&remedy.on, remedy, incident, basis, None)?;
    if remedy.risk >= Risk::Disruptive {
        settled(remedy, incident, basis)?;
    }
    let tasks = nodes.iter().map(|node| {
        let maker = task::Maker {
            remedy,
            incident,
            basis,
            dialect,
            lang,
            node,
        };
        maker.task()
    });
    tasks.collect()
}

/// What interrupts service waits until nothing else in the cluster is broken.
fn settled(remedy: &Remedy, incident: &PlannedIncident, basis: &Basis) -> Result<(), String> {
    let other = basis.incidents.iter().find(|other| {
        let served = other.remedies.contains(&remedy.id);
        other.severity >= Severity::Error && !served && other.id != incident.id
    });
    match other {
        None => Ok(()),
        Some(other) => Err(format!(
            "the remedy interrupts service, and something else is broken that has to be mended first: {}{}",
            other.title,
            other
                .node
                .as_ref()
                .map_or(String::new(), |node| format!(" ({node})")),
        )),
    }
}

/// Adds tasks; one that is planned already serves another incident as well.
fn merge(tasks: &mut Vec<Task>, planned: Vec<Task>) {
    for task in planned {
        let same = |known: &&mut Task| {
            let mut twin = task.clone();
            twin.incidents.clone_from(&known.incidents);
            **known == twin
        };
        match tasks.iter_mut().find(same) {
            Some(known) => known.incidents.extend(task.incidents),
            None => tasks.push(task),
        }
    }
}
