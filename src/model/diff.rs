//! What changed between two reports: what `diff --format json` prints.
//!
//! Its shape is a contract with scripts (`rules/schema/diff-1.json`): it only grows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::node::Product;
use super::report::{Confidence, Diagnosis, Evidence, Severity, Tool, Verdict};

/// Name and version of the shape.
pub const SCHEMA: &str = "clusterdx.diff/1";

/// Evidence of an incident that is kept: the first and the last.
const EVIDENCE: usize = 2;

/// Two reports compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    /// Always `clusterdx.diff/1`.
    pub schema: String,
    /// What made the earlier report.
    pub before: Tool,
    /// What made the later one.
    pub after: Tool,
    /// Every cluster of either report.
    pub clusters: Vec<ClusterChange>,
    /// Incidents that were open and are shown to be over.
    pub cleared: Vec<Cleared>,
    /// Incidents of the later report alone; those that came and went have `cleared`.
    pub new: Vec<Incident>,
    /// Incidents that are open in both, as the later report tells them.
    pub unchanged: Vec<Unchanged>,
    /// Incidents that were open, of which the later report can tell nothing.
    pub undecided: Vec<Undecided>,
    /// Entries beyond the cap of each list.
    pub omitted: u64,
}

/// A cluster's verdict, then and now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterChange {
    /// Its name in the later report, if it is there.
    pub name: String,
    /// Its product.
    pub product: Product,
    /// Verdict of the earlier report; `null` when the cluster is not in it.
    pub before: Option<Verdict>,
    /// Verdict of the later one.
    pub after: Option<Verdict>,
}

/// An incident in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// Its id in the report it is taken from.
    pub id: String,
    /// Name of its cluster.
    pub cluster: String,
    /// Id of the fault.
    pub fault: String,
    /// Title of the fault.
    pub title: String,
    /// What happened, in a sentence or two.
    pub summary: String,
    /// The node that reports it or suffers.
    pub node: Option<String>,
    /// The other node.
    pub peer: Option<String>,
    /// How grave.
    pub severity: Severity,
    /// How well proved.
    pub confidence: Confidence,
    /// First proof, RFC 3339.
    pub first_seen: Option<String>,
    /// Last proof, RFC 3339.
    pub last_seen: Option<String>,
    /// How many records prove it.
    pub count: u64,
    /// It is over.
    pub cleared: bool,
    /// When the record that shows this was written, RFC 3339.
    pub cleared_at: Option<String>,
    /// The first and the last proof.
    pub evidence: Vec<Evidence>,
}

impl Incident {
    /// What is told of an incident of a report.
    pub fn of(cluster: &str, diagnosis: &Diagnosis) -> Self {
        let mut evidence = diagnosis.evidence.clone();
        if evidence.len() > EVIDENCE {
            evidence.drain(1..evidence.len() - 1);
        }
        Self {
            id: diagnosis.id.clone(),
            cluster: cluster.to_owned(),
            fault: diagnosis.fault.clone(),
            title: diagnosis.title.clone(),
            summary: diagnosis.summary.clone(),
            node: diagnosis.node.clone(),
            peer: diagnosis.peer.clone(),
            severity: diagnosis.severity,
            confidence: diagnosis.confidence,
            first_seen: diagnosis.first_seen.clone(),
            last_seen: diagnosis.last_seen.clone(),
            count: diagnosis.count,
            cleared: diagnosis.cleared,
            cleared_at: diagnosis.cleared_at.clone(),
            evidence,
        }
    }
}

/// An incident that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cleared {
    /// As the earlier report tells it.
    #[serde(flatten)]
    pub incident: Incident,
    /// What shows that it is over.
    pub proof: Proof,
}

/// What shows that an incident is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// Which kind of proof.
    pub how: How,
    /// When, RFC 3339: of the record, or of the last record that was read.
    pub at: Option<String>,
    /// Why, where the report has words for it.
    pub because: Option<String>,
    /// Where it is seen, or files of the later report in which the fault would show.
    pub evidence: Vec<Evidence>,
}

/// Kinds of proof, the best first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// A later record says that it is over.
    Recorded,
    /// The evidence of the later report excludes the fault.
    RuledOut,
    /// The same nodes wrote the same kinds of files later, and the fault is not in them.
    NotSeen,
}

/// An incident that is open in both reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unchanged {
    /// As the later report tells it.
    #[serde(flatten)]
    pub incident: Incident,
    /// Its id in the earlier report.
    pub was: String,
    /// Records that prove it in the earlier report.
    pub count_before: u64,
    /// Its severity in the earlier report.
    pub severity_before: Severity,
}

/// An incident of which the later report can tell nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Undecided {
    /// As the earlier report tells it.
    #[serde(flatten)]
    pub incident: Incident,
    /// Why.
    pub why: Why,
    /// What the earlier report learnt it from: formats and nodes.
    pub wanted: Vec<Source>,
}

/// Why nothing can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The later report holds nothing of the cluster.
    NoCluster,
    /// What would show it was not collected again.
    NotCollected,
    /// It was collected, but ends before the incident's last proof.
    NotLater,
    /// It was collected, but could be read in part only.
    NotRead,
    /// The later report says itself that it cannot decide about this fault.
    NotChecked,
    /// The later report left entries out.
    LeftOut,
}

/// A kind of file and who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// Ids of formats, joined by `+`.
    pub format: String,
    /// Nodes that wrote it.
    pub nodes: Vec<String>,
}
