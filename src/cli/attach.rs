//! What a page shows beside the report: the plan, connections packet by packet, and the lines
//! around evidence.

use crate::catalog::Catalog;
use crate::catalog::text::Lang;
use crate::model::inventory::{self, is_host};
use crate::model::ladder::Shown;
use crate::model::plan::Plan;
use crate::model::report::{Cluster, Node, Report, Verdict};
use crate::pipeline::Around;
use crate::plan;
use crate::report::{Attached, Context, Look, ladder};

/// How nodes are reached where nobody says it: by a person.
const BY_HAND: &str = "manual://";

/// What can be said without reading anything again.
pub(super) fn plans(report: &Report, catalog: &Catalog, lang: Lang) -> Vec<Option<Plan>> {
    let clusters = report.clusters.iter();
    clusters
        .map(|found| planned(found, catalog, lang))
        .collect()
}

/// What a page gets, with what was read again, if it was.
pub(super) fn attached(
    plans: Vec<Option<Plan>>,
    again: Option<(Vec<Shown>, Vec<Around>)>,
    look: &Look<'_>,
) -> Attached {
    let notes = match again {
        Some(_) => Vec::new(),
        None => vec!["page.note_once".to_owned()],
    };
    let (flows, around) = again.unwrap_or_default();
    let context = |one: Around| Context {
        origin: one.origin,
        line: one.line,
        before: one.before,
        after: one.after,
    };
    Attached {
        plans,
        flows: flows
            .iter()
            .map(|shown| ladder::drawn(shown, look))
            .collect(),
        contexts: around.into_iter().map(context).collect(),
        notes,
    }
}

/// The plan for a cluster whose nodes are taken as the report names them: what an inventory would
/// say of them is not needed to show commands, only to send them.
fn planned(found: &Cluster, catalog: &Catalog, lang: Lang) -> Option<Plan> {
    if found.verdict != Verdict::Faulty {
        return None;
    }
    let remedies = found.diagnoses.iter().flat_map(|one| &one.remedies);
    let dialect = remedies
        .filter_map(|id| catalog.remedy(id))
        .map(|remedy| remedy.dialect.as_str())
        .next();
    let node = |node: &Node| {
        let address = node.addresses.iter().find(|one| is_host(one));
        is_host(&node.name).then(|| inventory::Node {
            name: node.name.clone(),
            address: address.unwrap_or(&node.name).clone(),
            agent: BY_HAND.to_owned(),
            dialect: dialect.unwrap_or_default().to_owned(),
            password: None,
            ca_file: None,
        })
    };
    let wanted = inventory::Cluster {
        name: found.name.clone(),
        product: found.product,
        known_hosts: None,
        nodes: found.nodes.iter().filter_map(node).collect(),
    };
    let basis = plan::basis(found, &wanted, catalog.digest());
    Some(plan::plan(basis, catalog, lang))
}
