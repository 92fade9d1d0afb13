//! The report: what `--format json` prints and every renderer reads.
//!
//! Its shape is a contract with scripts (`rules/schema/report-1.json`): it only grows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::node::{Product, Role};
use crate::model::time::TimeCertainty;

/// Name and version of the shape.
pub const SCHEMA: &str = "clusterdx.report/1";

/// Everything one run found, per cluster, and what it was found in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Always `clusterdx.report/1`.
    pub schema: String,
    /// Which program and rules made it.
    pub tool: Tool,
    /// One entry per cluster.
    pub clusters: Vec<Cluster>,
    /// One entry per file that was met.
    pub coverage: Vec<Coverage>,
    /// What the caps of the format left out.
    pub omitted: Omitted,
}

/// Which program and rules made the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Version of the program.
    pub version: String,
    /// `sha256:` digest over the rules in force.
    pub rules_digest: String,
}

/// Numbers of entries beyond the caps of the format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Omitted {
    /// Diagnoses left out.
    pub diagnoses: u64,
    /// Nodes left out.
    pub nodes: u64,
    /// Coverage entries left out.
    pub coverage: u64,
    /// Facts left out.
    #[serde(default)]
    pub facts: u64,
    /// Changes of state left out.
    #[serde(default)]
    pub states: u64,
    /// Statements left out about who has which role.
    #[serde(default)]
    pub views: u64,
    /// Clusters left out, everything in them being counted as well.
    #[serde(default)]
    pub clusters: u64,
    /// Faults left out that the evidence excludes.
    #[serde(default)]
    pub ruled_out: u64,
    /// Entries left out about what could not be decided.
    #[serde(default)]
    pub not_checked: u64,
}

impl Omitted {
    /// Everything that was left out.
    pub fn total(&self) -> u64 {
        let lists = self.facts + self.states + self.views + self.ruled_out + self.not_checked;
        self.clusters + self.diagnoses + self.nodes + self.coverage + lists
    }
}

/// What is to be thought of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// At least one open incident at warning or above.
    Faulty,
    /// Everything was read and no such incident was found.
    Healthy,
    /// No such incident was found, but not everything could be read.
    Insufficient,
}

/// How grave an incident is; ordered from least to most.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Something is wrong that does not hurt yet.
    Warning,
    /// Something does not work.
    Error,
    /// The service is lost or in danger.
    Critical,
}

/// How well an incident is proved; ordered from least to most.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The evidence fits, and so would something else.
    Possible,
    /// The evidence is what this fault leaves behind.
    Likely,
    /// Nothing else explains the evidence.
    Certain,
}

/// An incident's place among the others.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum DiagnosisRole {
    /// Nothing found explains it.
    Cause,
    /// Another incident explains it.
    Symptom,
}

/// One cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cluster {
    /// Its name if a record tells, else the names of its nodes.
    pub name: String,
    /// Its product.
    pub product: Product,
    /// The judgement.
    pub verdict: Verdict,
    /// Its nodes.
    pub nodes: Vec<Node>,
    /// What the records tell about nodes and cluster.
    pub facts: Vec<Fact>,
    /// What state its nodes were in, when and why: changes, by node and time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<NodeState>,
    /// Which role each node was seen in and by whom: changes, by observer, node and time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<View>,
    /// Incidents: causes before symptoms, then by severity, then by time.
    pub diagnoses: Vec<Diagnosis>,
    /// Faults that the evidence excludes.
    pub ruled_out: Vec<RuledOut>,
    /// What could not be decided, and what would decide it.
    pub not_checked: Vec<NotChecked>,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Node {
    /// The most telling of its names, else its address.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Its role as last seen.
    pub role: Role,
    /// When the role was seen, RFC 3339.
    pub role_as_of: Option<String>,
    /// Its software version, if a record tells.
    pub version: Option<String>,
}

/// Something the records tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// Node or cluster name.
    pub subject: String,
    /// What it is about.
    pub name: String,
    /// The value.
    pub value: String,
    /// When it was seen, RFC 3339.
    pub observed: Option<String>,
    /// Where it was seen.
    pub evidence: Vec<Evidence>,
}

/// A node enters a state, or is seen in another than before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeState {
    /// The node.
    pub node: String,
    /// Kind of state.
    pub name: String,
    /// The state, in the words of the record.
    pub state: String,
    /// Why, if the record tells.
    pub reason: Option<String>,
    /// When, RFC 3339; `null` for a screen without a time.
    pub at: Option<String>,
    /// Where it was seen.
    pub evidence: Vec<Evidence>,
}

/// A node says which role another one, or itself, has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct View {
    /// Who says it.
    pub observer: String,
    /// Of whom.
    pub node: String,
    /// The role.
    pub role: Role,
    /// When, RFC 3339; `null` for a screen without a time.
    pub at: Option<String>,
    /// Where it was seen.
    pub evidence: Vec<Evidence>,
}

/// One incident: a fault on one (node, peer) from its start until it clears or falls quiet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// Stable within and across reports of the same incident.
    pub id: String,
    /// Id of the fault in the catalog.
    pub fault: String,
    /// Cause or symptom.
    pub role: DiagnosisRole,
    /// Ids of the incidents that explain it.
    pub explained_by: Vec<String>,
    /// How grave.
    pub severity: Severity,
    /// How well proved.
    pub confidence: Confidence,
    /// Title of the fault.
    pub title: String,
    /// What happened here, in a sentence or two.
    pub summary: String,
    /// The node that reports it or suffers.
    pub node: Option<String>,
    /// The other node, if the fault lies between two.
    pub peer: Option<String>,
    /// The 5-tuple, if packets prove it.
    pub flow: Option<String>,
    /// Typed values for remedies.
    pub bindings: std::collections::BTreeMap<String, Binding>,
    /// First proof, RFC 3339.
    pub first_seen: Option<String>,
    /// Last proof, RFC 3339.
    pub last_seen: Option<String>,
    /// How sure these times are.
    pub time_certainty: TimeCertainty,
    /// How many records prove it; evidence shows the first and last of them.
    pub count: u64,
    /// A later record shows that it is over.
    pub cleared: bool,
    /// When that record was written, RFC 3339.
    pub cleared_at: Option<String>,
    /// Why an expected window lowered the severity, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The proof.
    pub evidence: Vec<Evidence>,
    /// Ids of remedies, best first.
    pub remedies: Vec<String>,
    /// Documents that describe it.
    pub references: Vec<Reference>,
    /// Where these documents contradict each other, and what was assumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disputed: Option<String>,
}

/// A typed value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Binding {
    /// `address`, `host`, `node`, `integer`, `word` or `text`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The value as text.
    pub value: String,
}

/// Where something was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The file: path as given, members joined by `!/`.
    pub origin: String,
    /// Line from 1, of a record in several parts the first one's.
    pub line: Option<u64>,
    /// Frame from 1, as Wireshark counts.
    pub frame: Option<u64>,
    /// Time of the record, RFC 3339.
    pub time: Option<String>,
    /// The record as written, bounded.
    pub excerpt: String,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reference {
    /// Number or name of the document.
    pub doc: String,
    /// Where in it.
    pub section: Option<String>,
}

/// A fault that the evidence excludes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuledOut {
    /// Id of the fault.
    pub fault: String,
    /// Why, in a sentence.
    pub because: String,
    /// What excludes it.
    pub evidence: Vec<Evidence>,
}

/// Something that could not be decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotChecked {
    /// Id of the fault.
    pub fault: String,
    /// Why it could not be decided.
    pub because: String,
    /// What to collect.
    pub collect: String,
}

/// How far a file was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReadStatus {
    /// To its end.
    Read,
    /// In part: it is damaged or a limit was reached.
    Partial,
    /// Not at all: damaged, locked, limited or an unknown container.
    Unread,
}

/// One file that was met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// The file.
    pub origin: String,
    /// Ids of the formats found in it, joined by `+`, or `unrecognised`.
    pub format: String,
    /// How far it was read.
    pub status: ReadStatus,
    /// Bytes read, after decompression.
    pub bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// Packets read, of a capture.
    #[serde(default)]
    pub packets: u64,
    /// Records that could not be understood.
    pub skipped: u64,
    /// Time of the first record, RFC 3339.
    pub first: Option<String>,
    /// Time of the last record, RFC 3339.
    pub last: Option<String>,
    /// The nodes that write in it, by their names in `clusters`, as far as its records tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
    /// What a reader should know.
    pub notes: Vec<String>,
}
