//! What state nodes were in, as one story: changes of all nodes in the order of their times.

use super::Page;
use crate::model::report::{Cluster, NodeState};
use crate::report::time;

/// Changes that are shown: the last ones.
const SHOWN: usize = 30;

/// The history of a cluster, if records tell one.
pub(super) fn history(page: &mut Page<'_>, cluster: &Cluster) {
    if cluster.states.is_empty() {
        return;
    }
    let mut states: Vec<&NodeState> = cluster.states.iter().collect();
    // what has no time was seen last
    states.sort_by_key(|state| (state.at.is_none(), order(state)));
    let first = cluster.states.first().map(|state| &state.name);
    let kinds = cluster
        .states
        .iter()
        .any(|state| Some(&state.name) != first);
    let earlier = states.len().saturating_sub(SHOWN);
    let rows: Vec<Vec<String>> = states
        .iter()
        .skip(earlier)
        .map(|state| row(state, kinds))
        .collect();
    let title = page.word("section.states");
    page.heading(title);
    page.table(
        &[
            "column.when",
            "column.node",
            "column.state",
            "column.reason",
        ],
        &[],
        &rows,
    );
    page.more(2, earlier);
}

/// A whole second comes before its fractions.
fn order(state: &NodeState) -> Option<&str> {
    state.at.as_deref().map(|at| at.trim_end_matches('Z'))
}

fn row(state: &NodeState, kinds: bool) -> Vec<String> {
    let words = if kinds {
        format!("{}: {}", state.name, state.state)
    } else {
        state.state.clone()
    };
    vec![
        state.at.as_deref().map(time::moment).unwrap_or_default(),
        state.node.clone(),
        words,
        state.reason.clone().unwrap_or_default(),
    ]
}
