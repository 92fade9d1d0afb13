//! How long packets need, as facts: no fault, and good to know where something is slow.

use super::Case;
use crate::model::hit::RoundTrip;
use crate::model::node::Product;
use crate::model::report::{Cluster, Evidence, Fact, Node};
use crate::model::time::rfc3339;

/// Tells every round trip in the cluster whose node takes part, else where packets alone are told.
pub(super) fn tell(case: &Case<'_>, clusters: &mut [Cluster]) {
    for file in case.files {
        for trip in &file.round_trips {
            let known = |cluster: &Cluster| {
                node(cluster, &trip.from)
                    .or(node(cluster, &trip.to))
                    .is_some()
            };
            let home = clusters.iter().position(known);
            let network = |cluster: &Cluster| cluster.product == Product::Unknown;
            let home = home.or_else(|| clusters.iter().position(network));
            if let Some(cluster) = home.and_then(|at| clusters.get_mut(at)) {
                let fact = fact(cluster, trip, file.origin.as_str());
                // the other side's capture, or a copy, shows the same way
                let told = |known: &Fact| known.subject == fact.subject && known.name == fact.name;
                if !cluster.facts.iter().any(told) {
                    cluster.facts.push(fact);
                }
            }
        }
    }
}

fn node<'c>(cluster: &'c Cluster, host: &str) -> Option<&'c Node> {
    let is = |node: &&Node| node.name == host || node.addresses.iter().any(|own| own == host);
    cluster.nodes.iter().find(is)
}

fn fact(cluster: &Cluster, trip: &RoundTrip, origin: &str) -> Fact {
    let name = |host: &str| node(cluster, host).map_or_else(|| host.to_owned(), |n| n.name.clone());
    let value = format!("{}.{:03} ms", trip.micros / 1000, trip.micros % 1000);
    let observed = trip.at.and_then(rfc3339);
    Fact {
        subject: name(&trip.from),
        name: format!("round trip to {}, port {}", name(&trip.to), trip.port),
        evidence: vec![Evidence {
            origin: origin.to_owned(),
            line: None,
            frame: Some(trip.frame),
            time: observed.clone(),
            excerpt: format!("the handshake took {value}"),
        }],
        value,
        observed,
    }
}
