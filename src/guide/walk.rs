//! Answers that lead to a conclusion, found from the guide alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{End, Evidence, Given, Reply, Turn, turn};
use crate::catalog::Catalog;
use crate::catalog::guide::{Choice, Conclusion, Guide, Observation};

/// A way through a guide without any evidence.
#[derive(Clone, Debug)]
pub struct Walk<'g> {
    /// What was answered, in order.
    pub replies: Vec<Reply>,
    /// Where it ended.
    pub end: End<'g>,
}

/// Walks to its end with what `answer` says to each observation.
pub fn walk<'g>(
    guide: &'g Guide,
    catalog: &Catalog,
    mut answer: impl FnMut(&Observation, &[&Conclusion]) -> Given,
) -> Walk<'g> {
    let (seen, shown) = (BTreeSet::new(), BTreeMap::new());
    let evidence = Evidence {
        report: None,
        seen: &seen,
        shown: &shown,
    };
    let mut replies = Vec::new();
    loop {
        match turn(guide, catalog, evidence, &replies) {
            Turn::End(end) => return Walk { replies, end },
            // no observation is asked twice, so this ends
            Turn::Ask {
                observation,
                separates,
            } => replies.push(Reply {
                observation: observation.id.clone(),
                given: answer(observation, &separates),
            }),
        }
    }
}

/// The answers of somebody who sees exactly what this conclusion brings about.
pub fn toward<'g>(guide: &'g Guide, catalog: &Catalog, target: &str) -> Walk<'g> {
    walk(guide, catalog, |observation, _| {
        let fits = |choice: &&Choice| !choice.excludes.iter().any(|id| id == target);
        let points = |choice: &&Choice| choice.supports.iter().any(|id| id == target);
        let choices = || observation.choices.iter();
        // of what points to it, the answer that leaves least besides
        let narrow = |choice: &&Choice| choice.excludes.len();
        let best = choices().filter(points).max_by_key(narrow);
        let neutral = |choice: &&Choice| fits(choice) && choice.supports.is_empty();
        let best = best.or_else(|| choices().filter(neutral).max_by_key(narrow));
        best.map_or(Given::Unknown, |choice| Given::Choice(choice.id.clone()))
    })
}

/// The answers of somebody who knows nothing.
pub fn unknowing<'g>(guide: &'g Guide, catalog: &Catalog) -> Walk<'g> {
    walk(guide, catalog, |_, _| Given::Unknown)
}
