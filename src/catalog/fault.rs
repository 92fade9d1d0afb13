//! Faults, facts and the signals both are made of.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::condition::{Condition, Test};
use super::text::Text;
use super::version::Versions;
use crate::model::node::{Product, Role};
use crate::model::report::{Confidence, Reference, Severity};

/// Life cycle of a fault.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not yet seen in the field, or rests on a shape that no public source shows.
    Experimental,
    /// Under trial.
    Test,
    /// Proved by samples.
    #[default]
    Stable,
    /// Kept for its id.
    Deprecated,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Experimental => "experimental",
            Self::Test => "test",
            Self::Stable => "stable",
            Self::Deprecated => "deprecated",
        })
    }
}

/// What a bound value is, so that a command never takes free text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, Hash)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// An IP address.
    Address,
    /// A host name.
    Host,
    /// A node's name or address.
    Node,
    /// A whole number.
    Integer,
    /// One word of letters, digits, `_`, `-` and `.`.
    Word,
    /// Free text, for people only.
    Text,
    /// A time in RFC 3339. Named `past` or `ahead` it has to lie before or after the time at which
    /// the file was taken.
    Time,
}

impl ValueType {
    /// The types that a command may take.
    pub const SENT: [Self; 5] = [
        Self::Address,
        Self::Host,
        Self::Node,
        Self::Integer,
        Self::Word,
    ];

    /// True for a value that is what its type says.
    pub fn holds(self, value: &str) -> bool {
        let word = |extra: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
            !value.is_empty() && value.chars().all(fits)
        };
        match self {
            Self::Address => value.parse::<std::net::IpAddr>().is_ok(),
            Self::Host | Self::Node => word("_-.:"),
            Self::Integer => value.parse::<i64>().is_ok(),
            Self::Word => word("_-."),
            Self::Time => word("-:+."),
            Self::Text => true,
        }
    }

    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Host => "host",
            Self::Node => "node",
            Self::Integer => "integer",
            Self::Word => "word",
            Self::Text => "text",
            Self::Time => "time",
        }
    }
}

/// Stands for the name of the file a record is in, where a bound value comes from.
pub const FILE_NAME: &str = "file.name";

/// Where a bound value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Hash)]
pub enum Source {
    /// A field of the record, its first value.
    Field(String),
    /// A named group of a regular expression of the same signal.
    Capture(String),
}

/// A value that a signal takes from a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Hash)]
pub struct Bind {
    /// Name; `node` and `peer` have meaning to the engine.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// What it is.
    pub kind: ValueType,
}

/// One kind of record that a rule looks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Name within its rule.
    pub name: String,
    /// Index into `model::format::FORMATS`.
    pub format: u16,
    /// What the record must look like.
    pub condition: Condition,
    /// What the name of its file must look like; all of these hold.
    pub file_name: Vec<Test>,
    /// What is taken from it.
    pub binds: Vec<Bind>,
    /// One of these stands in every such record; empty when nothing can be promised.
    pub literals: Vec<String>,
}

/// A number a count is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Count {
    /// Greater than.
    Gt(u64),
    /// Greater than or equal to.
    Gte(u64),
    /// Less than.
    Lt(u64),
    /// Less than or equal to.
    Lte(u64),
    /// Equal to.
    Eq(u64),
}

impl Count {
    /// True when `n` fits.
    pub fn fits(self, n: u64) -> bool {
        match self {
            Self::Gt(limit) => n > limit,
            Self::Gte(limit) => n >= limit,
            Self::Lt(limit) => n < limit,
            Self::Lte(limit) => n <= limit,
            Self::Eq(limit) => n == limit,
        }
    }
}

/// A relation between hits in time. Signals are indices into the fault's list, spans microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    /// Number of hits in a window.
    EventCount {
        /// Length of the window.
        span: i64,
        /// The number.
        count: Count,
    },
    /// Number of distinct values of a bound name in a window.
    ValueCount {
        /// Length of the window.
        span: i64,
        /// The number.
        count: Count,
        /// The bound name.
        field: String,
    },
    /// At least one hit of every signal in a window.
    Temporal {
        /// Length of the window.
        span: i64,
    },
    /// The same, one after the other.
    TemporalOrdered {
        /// Length of the window.
        span: i64,
    },
    /// No hit near an anchor.
    Absence {
        /// The anchor's signal.
        anchor: u16,
        /// Length of the window.
        span: i64,
        /// The window lies before the anchor instead of after it.
        before: bool,
        /// The node's log has to reach over the window.
        covered: bool,
    },
    /// An open hit on every node of a cluster.
    EveryNode,
}

/// A named relation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correlation {
    /// Name within its fault.
    pub name: String,
    /// Signals it is about.
    pub of: Vec<u16>,
    /// Bound names that keep hits apart.
    pub group_by: Vec<String>,
    /// The relation.
    pub relation: Relation,
}

impl Correlation {
    /// The bound names whose values it compares.
    pub fn compared(&self) -> impl Iterator<Item = &str> {
        let counted = match &self.relation {
            Relation::ValueCount { field, .. } => Some(field.as_str()),
            _ => None,
        };
        self.group_by.iter().map(String::as_str).chain(counted)
    }
}

/// A signal or a correlation of the same fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Term {
    /// Index into the fault's signals.
    Signal(u16),
    /// Index into the fault's correlations.
    Correlation(u16),
}

/// Whether the peer is one of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PeerIs {
    /// It is.
    Member,
    /// It is not.
    Outsider,
}

/// One way to conclude the fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// All of these hold.
    pub all: Vec<Term>,
    /// One of these holds, if there are any.
    pub any: Vec<Term>,
    /// None of these holds.
    pub none: Vec<Term>,
    /// What the peer has to be.
    pub peer: Option<PeerIs>,
    /// How sure the conclusion is; `None` for a clause that says what cannot be decided.
    pub confidence: Option<Confidence>,
    /// Severity instead of the fault's own.
    pub severity: Option<Severity>,
}

/// A fault that this one excludes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesOut {
    /// Its id.
    pub fault: String,
    /// Why, if the rule says so.
    pub because: Option<Text>,
}

/// What would make a fault certain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// A command or a thing to collect.
    pub collect: String,
    /// Where: `node`, `peer` or words.
    pub node: Option<String>,
    /// A capture filter.
    pub filter: Option<String>,
    /// How long, as written.
    pub span: Option<String>,
    /// What it would tell.
    pub because: Option<Text>,
}

/// Which of the two nodes that its signals bind an incident is told of.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum About {
    /// The one that reports.
    #[default]
    Node,
    /// The other one: reports and texts have the two swapped.
    Peer,
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Stable id.
    pub id: String,
    /// Its product.
    pub product: Product,
    /// Its life cycle.
    pub status: Status,
    /// How grave it is.
    pub severity: Severity,
    /// One line.
    pub title: Text,
    /// What happened, with places for bound values.
    pub summary: Option<Text>,
    /// Why it matters.
    pub meaning: Option<Text>,
    /// How it is proved.
    pub proof: Option<Text>,
    /// What to do.
    pub advice: Option<Text>,
    /// Other names.
    pub known_as: Vec<String>,
    /// Versions it is about; all of them unless stated.
    pub versions: Option<Versions>,
    /// What it looks for.
    pub signals: Vec<Signal>,
    /// Relations between the hits.
    pub correlations: Vec<Correlation>,
    /// Ways to conclude it; the first that holds wins.
    pub when: Vec<Clause>,
    /// Which node an incident is told of.
    pub about: About,
    /// Bound names whose values keep incidents apart, besides node and peer.
    pub per: Vec<String>,
    /// An incident ends after this silence, in microseconds.
    pub quiet: i64,
    /// Signals that end an incident.
    pub cleared_by: Vec<u16>,
    /// Those of them that end it whichever node and peer they are about.
    pub cleared_anywhere: Vec<u16>,
    /// Faults that it brings about.
    pub explains: Vec<String>,
    /// A symptom may begin this long before its cause, in microseconds.
    pub explains_within: i64,
    /// Faults that it excludes.
    pub rules_out: Vec<RulesOut>,
    /// Faults whose incidents are folded into this one.
    pub replaces: Vec<String>,
    /// What would make it certain.
    pub needs: Vec<Need>,
    /// Expected windows and the highest severity during them.
    pub expected_during: Vec<(String, Severity)>,
    /// Ids of remedies, best first.
    pub remedies: Vec<String>,
    /// Documents.
    pub references: Vec<Reference>,
    /// Where sources disagree.
    pub disputed: Option<Text>,
}

/// The role a fact gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoleSource {
    /// Always this one.
    Fixed(Role),
    /// The value of this bound name.
    Bound(String),
}

/// Where a state comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateSource {
    /// A word of the rule.
    Fixed(String),
    /// A bound name.
    Bound(String),
}

/// What a fact signal tells. Names are bound names of its signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tells {
    /// Both name one node.
    Same(String, String),
    /// Both are nodes of one cluster.
    Linked(String, String),
    /// A node's role.
    Role(String, RoleSource),
    /// A node's software version.
    Version(String, String),
    /// Something worth telling about a node.
    Told {
        /// Bound name of the node.
        subject: String,
        /// Name of the fact.
        name: String,
        /// Bound name of the value.
        value: String,
    },
    /// The node is in no cluster.
    Standalone(String),
    /// Records with one key are written at the same instant on every node: they compare clocks.
    Clock {
        /// Bound name of the node.
        subject: String,
        /// Bound name of the key.
        key: String,
    },
    /// How far the writer's wall clock is ahead of UTC: bound name of `+hh:mm`.
    Zone(String),
    /// A node enters a state.
    State {
        /// Bound name of the node; without one it is the node that writes the record.
        subject: Option<String>,
        /// Kind of state, such as `HA state`.
        name: String,
        /// The state.
        state: StateSource,
        /// Bound name of why.
        reason: Option<String>,
    },
    /// A list of `(address name)` pairs that are one cluster.
    Members {
        /// Bound name of the list.
        list: String,
        /// Bound name of the node that wrote it.
        reporter: Option<String>,
        /// Bound name of the primary's place in the list, from 0.
        primary: Option<String>,
        /// Bound name of the writer's own place in the list, from 0.
        own: Option<String>,
    },
}

/// An entry of a fact rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Index into the rule's signals; `None` for each of them.
    pub signal: Option<u16>,
    /// What it tells.
    pub tells: Tells,
}

/// Names and addresses that fail together are one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inference {
    /// Signal whose peer is a name.
    pub name_of: u16,
    /// Signal whose peer is an address.
    pub address_of: u16,
    /// How close, in microseconds.
    pub within: i64,
}

/// A time during which trouble is expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its id.
    pub id: String,
    /// What goes on.
    pub title: Text,
    /// Signal that begins it.
    pub start: u16,
    /// Signal that ends it.
    pub end: Option<u16>,
    /// Longest length in microseconds.
    pub span: i64,
}

/// A rule that tells who is who and belongs to no fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactRule {
    /// Its id.
    pub id: String,
    /// Its product.
    pub product: Product,
    /// What it looks for.
    pub signals: Vec<Signal>,
    /// What each hit tells.
    pub facts: Vec<Fact>,
    /// What hits tell together.
    pub inferences: Vec<Inference>,
    /// Expected windows.
    pub windows: Vec<Window>,
}
