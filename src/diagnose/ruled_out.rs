//! What the evidence excludes.

use std::collections::BTreeSet;

use super::{Case, entry};
use crate::catalog::text::fill;
use crate::detect::finding::Finding;
use crate::model::report::RuledOut;

/// Faults that the incidents of a cluster exclude, unless they were found all the same.
pub(super) fn ruled_out(case: &Case<'_>, findings: &[&Finding]) -> Vec<RuledOut> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for finding in findings {
        let Some(fault) = case.catalog().faults.get(finding.fault) else {
            continue;
        };
        for excluded in &fault.rules_out {
            let found = |other: &&&Finding| {
                let same = case
                    .catalog()
                    .faults
                    .get(other.fault)
                    .is_some_and(|f| f.id == excluded.fault);
                same && other.node == finding.node && other.peer == finding.peer
            };
            if findings.iter().any(|other| found(&other)) {
                continue;
            }
            let (node, peer) = (case.label(finding.node), case.label(finding.peer));
            let value = |name: &str| match name {
                "node" => node.clone(),
                "peer" => peer.clone(),
                _ => None,
            };
            let because = match &excluded.because {
                Some(text) => fill(text.get(case.lang), &value),
                None => case.word("ruled_out_by", &[("fault", fault.title.get(case.lang))]),
            };
            if seen.insert((excluded.fault.clone(), because.clone())) {
                let evidence = entry::evidence(case, finding).into_iter().take(1).collect();
                out.push(RuledOut {
                    fault: excluded.fault.clone(),
                    because,
                    evidence,
                });
            }
        }
    }
    out.sort_by(|a, b| (&a.fault, &a.because).cmp(&(&b.fault, &b.because)));
    out
}
