//! What is allowed but unwise. `rules lint` prints it; nothing else minds.

use std::collections::BTreeSet;

use super::compile::anchored;
use super::fault::Status;
use super::{Catalog, Problem};
use crate::model::format::FORMATS;

mod texts;

/// What samples there are of a fault.
#[derive(Clone, Debug, Default)]
pub struct SampleFacts {
    /// Faults with a sample that proves them.
    pub positive: BTreeSet<String>,
    /// Faults with a sample that nearly proves them.
    pub near_miss: BTreeSet<String>,
}

/// Lists what is unwise, by rule.
pub fn lint(catalog: &Catalog, samples: &SampleFacts) -> Vec<Problem> {
    let mut problems = texts::problems(catalog);
    for fault in &catalog.faults {
        let mut say = |message: String| problems.push(Problem::new(&fault.id, message));
        for signal in fault.signals.iter().filter(|signal| !anchored(signal)) {
            let format = FORMATS
                .get(usize::from(signal.format))
                .map_or("", |def| def.id);
            say(format!(
                "signal '{}' has no literal of three characters or more: every record of {format} has to be parsed",
                signal.name
            ));
        }
        if fault.status == Status::Stable {
            if !samples.positive.contains(&fault.id) {
                say("no sample proves it".to_owned());
            }
            if !samples.near_miss.contains(&fault.id) {
                say("no sample nearly proves it".to_owned());
            }
        }
        let texts = [
            ("title", Some(&fault.title)),
            ("summary", fault.summary.as_ref()),
            ("meaning", fault.meaning.as_ref()),
            ("proof", fault.proof.as_ref()),
            ("advice", fault.advice.as_ref()),
        ];
        for (name, text) in texts {
            if text.is_none() {
                say(format!("has no {name}"));
            }
        }
        if fault.references.is_empty() {
            say("names no source".to_owned());
        }
    }
    for signal in catalog.facts.iter().flat_map(|rule| {
        rule.signals
            .iter()
            .filter(|s| !anchored(s))
            .map(move |s| (rule, s))
    }) {
        problems.push(Problem::new(
            &signal.0.id,
            format!(
                "signal '{}' has no literal of three characters or more",
                signal.1.name
            ),
        ));
    }
    problems
}
