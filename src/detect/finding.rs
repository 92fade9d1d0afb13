//! One incident as the engine concludes it.

use crate::catalog::text::Text;
use crate::model::report::{Confidence, Severity};
use crate::model::time::EventTime;

/// One fault on one (node, peer) from its start until it clears or falls quiet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Index of the fault in the catalog.
    pub fault: usize,
    /// Index of the cluster on the timeline.
    pub cluster: usize,
    /// Index of the node; `None` for the whole cluster.
    pub node: Option<usize>,
    /// Index of the other node.
    pub peer: Option<usize>,
    /// How sure.
    pub confidence: Confidence,
    /// How grave, after clauses and expected windows.
    pub severity: Severity,
    /// Title of the expected window that lowered the severity.
    pub expected: Option<Text>,
    /// Time of the first proof.
    pub first: EventTime,
    /// Time of the last proof.
    pub last: EventTime,
    /// A later record shows that it is over.
    pub cleared: bool,
    /// Time of that record.
    pub cleared_at: EventTime,
    /// Number of records that prove it.
    pub count: u64,
    /// Indices of the hits that prove it, in timeline order.
    pub hits: Vec<usize>,
    /// Index of the clause that held.
    pub clause: usize,
}

/// Severity at which an open incident makes a cluster faulty.
pub const FAULTY: Severity = Severity::Warning;
