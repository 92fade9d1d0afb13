//! What the evidence excludes.

use std::collections::BTreeSet;

use super::{Case, entry};
use crate::catalog::text::fill;
use crate::detect::finding::Finding;
use crate::model::report::RuledOut;

/// Faults that the incidents of a cluster exclude, unless they were found all the same.
pub(super) fn ruled_out(case: &Case<'_>, findings: &[&Finding]) -> Vec<RuledOut> {
    let fault_of = |finding: &Finding| case.catalog().faults.get(finding.fault);
    let found: BTreeSet<_> = findings
        .iter()
        .filter_map(|f| Some((fault_of(f)?.id.as_str(), f.node, f.peer)))
        .collect();
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for finding in findings {
        let Some(fault) = case.catalog().faults.get(finding.fault) else {
            continue;
        };
        for excluded in &fault.rules_out {
            if found.contains(&(excluded.fault.as_str(), finding.node, finding.peer)) {
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
                None => {
                    let title = fault.title.general(case.lang);
                    case.word("judge.ruled_out_by", &[("fault", &title)])
                }
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
