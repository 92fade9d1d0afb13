//! The shapes of rule files as they are written; [`super::compile`] turns them into checked data.

use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::NameKind;
use super::schema;
use crate::model::node::Product;
use crate::model::report::{Confidence, Severity};

mod dialect;
mod facts;
mod guide;

pub(super) use dialect::{RawAsk, RawDialect, RawIdentity};
pub(super) use facts::{RawFact, RawFactRule, RawState, RawWindow};
pub(super) use guide::{
    RawChoice, RawConclusion, RawGuide, RawObservation, RawRunbook, RawRunbookCheck,
    RawRunbookStep, RawSeen,
};

/// A map that keeps the order of its keys.
#[derive(Clone, Debug)]
pub(super) struct Ordered<V>(pub(super) Vec<(String, V)>);

impl<V> Default for Ordered<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Ordered<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = Ordered<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// A plain value; numbers and words alike are compared as text.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "value")]
#[serde(untagged)]
pub(super) enum Scalar {
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Str(value) => f.write_str(value),
        }
    }
}

/// One value or a list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T> OneOrMany<T> {
    pub(super) fn into_vec(self) -> Vec<T> {
        match self {
            Self::Many(values) => values,
            Self::One(value) => vec![value],
        }
    }
}

/// A text in one language or in several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "text")]
#[serde(untagged)]
pub(super) enum RawText {
    English(String),
    Languages(RawLanguages),
}

/// A text in several languages; English is required.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "languages")]
#[serde(deny_unknown_fields)]
pub(super) struct RawLanguages {
    pub(super) en: String,
    pub(super) ko: Option<String>,
    #[serde(rename = "pt-BR")]
    pub(super) pt_br: Option<String>,
}

/// One kind of record.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "signal")]
#[serde(deny_unknown_fields)]
pub(super) struct RawSignal {
    /// Format of the record.
    #[schemars(schema_with = "schema::format")]
    pub(super) format: String,
    /// Fields with modifiers and their values; all of a map must hold, any map of a list.
    #[serde(default, rename = "where")]
    #[schemars(schema_with = "schema::conditions")]
    pub(super) conditions: OneOrMany<Ordered<OneOrMany<Scalar>>>,
    /// Names for values: `node` (who reports or suffers), `peer` (the other side), any others.
    #[serde(default)]
    pub(super) bind: Ordered<RawBind>,
}

/// Where a value comes from: a named capture of a `re` in the same signal, else a field.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "bind")]
#[serde(untagged)]
pub(super) enum RawBind {
    From(String),
    Typed(RawTypedBind),
}

/// Where a value comes from, and its type.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "typedBind")]
#[serde(deny_unknown_fields)]
pub(super) struct RawTypedBind {
    /// Named capture or field.
    pub(super) from: String,
    /// Type of the value.
    #[serde(rename = "type")]
    pub(super) kind: super::fault::ValueType,
}

/// A relation between hits of signals, in event time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "correlation")]
#[serde(deny_unknown_fields)]
pub(super) struct RawCorrelation {
    #[serde(rename = "type")]
    pub(super) kind: RawCorrelationKind,
    /// Signals of the same file.
    pub(super) of: Vec<String>,
    /// Bound names that keep hits apart; `[node, peer]` unless stated.
    #[serde(rename = "group-by")]
    pub(super) group_by: Option<Vec<String>>,
    /// Length of the window.
    #[schemars(regex(pattern = schema::SPAN))]
    pub(super) timespan: Option<String>,
    /// One comparison with a number.
    #[serde(default)]
    #[schemars(schema_with = "schema::comparison")]
    pub(super) condition: Option<Ordered<u64>>,
    /// The bound name whose distinct values are counted.
    pub(super) field: Option<String>,
    /// The signal that nothing follows.
    pub(super) after: Option<String>,
    /// The signal that nothing precedes.
    pub(super) before: Option<String>,
    /// How long nothing has to follow or precede.
    #[schemars(regex(pattern = schema::SPAN))]
    pub(super) within: Option<String>,
    /// Whose own log has to reach over that time.
    #[serde(default)]
    pub(super) requires_coverage: Vec<String>,
}

/// How hits are related.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "correlationType")]
#[serde(rename_all = "snake_case")]
pub(super) enum RawCorrelationKind {
    EventCount,
    ValueCount,
    Temporal,
    TemporalOrdered,
    Absence,
    EveryNode,
}

/// A clause; the first one that holds wins.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "when")]
#[serde(deny_unknown_fields)]
pub(super) struct RawWhen {
    /// Signals and correlations that all hold.
    #[serde(default)]
    pub(super) all: Vec<String>,
    /// Of these at least one holds.
    #[serde(default)]
    pub(super) any: Vec<String>,
    /// Of these none holds.
    #[serde(default)]
    pub(super) none: Vec<String>,
    /// Whether the peer belongs to the cluster.
    pub(super) peer: Option<super::fault::PeerIs>,
    /// How sure the conclusion is; every clause has it but an undecided one.
    pub(super) confidence: Option<Confidence>,
    /// The clause concludes nothing: it says that the fault cannot be decided, and `needs` says what
    /// would decide it.
    #[serde(default)]
    pub(super) undecided: bool,
    /// Instead of the fault's own.
    pub(super) severity: Option<Severity>,
}

/// A fault that cannot be there when this one is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "rulesOut")]
#[serde(untagged)]
pub(super) enum RawRulesOut {
    Fault(String),
    Because(RawRulesOutBecause),
}

/// A fault that cannot be there when this one is, and why.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "rulesOutBecause")]
#[serde(deny_unknown_fields)]
pub(super) struct RawRulesOutBecause {
    pub(super) fault: String,
    pub(super) because: RawText,
}

/// What would make the fault certain.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "need")]
#[serde(deny_unknown_fields)]
pub(super) struct RawNeed {
    /// What to collect.
    pub(super) collect: String,
    /// A bound name: where to collect it.
    pub(super) node: Option<String>,
    /// A capture filter.
    pub(super) filter: Option<String>,
    /// For how long.
    #[serde(rename = "for")]
    pub(super) span: Option<String>,
    /// What it would tell.
    pub(super) because: Option<RawText>,
}

/// A window in which the fault is expected trouble.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "expected")]
#[serde(deny_unknown_fields)]
pub(super) struct RawExpected {
    /// Id of the window.
    pub(super) window: String,
    /// The severity meanwhile; it lowers, never raises.
    pub(super) severity: Severity,
}

/// What the fault applies to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "appliesTo")]
#[serde(deny_unknown_fields)]
pub(super) struct RawAppliesTo {
    /// Versions, such as `>=2.0`.
    pub(super) versions: String,
}

/// A document.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "reference")]
#[serde(deny_unknown_fields)]
pub(super) struct RawReference {
    /// Number or title.
    pub(super) doc: String,
    /// Section in it.
    pub(super) section: Option<String>,
}

/// A fault: how it is proved, what it means, what it explains, how it is fixed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "fault")]
#[serde(deny_unknown_fields)]
pub(super) struct RawFault {
    /// product.area.name, stable for ever.
    #[schemars(regex(pattern = schema::ID))]
    pub(super) id: String,
    pub(super) product: Product,
    /// How far it can be trusted; only `experimental` needs no signals.
    #[serde(default)]
    pub(super) status: super::fault::Status,
    pub(super) severity: Severity,
    /// One line, sentence case, no full stop.
    pub(super) title: RawText,
    /// One or two sentences about this incident; `{{node}}`, `{{peer}}` and bound names are filled in.
    pub(super) summary: Option<RawText>,
    /// Why it matters.
    pub(super) meaning: Option<RawText>,
    /// How it is proved, in words.
    pub(super) proof: Option<RawText>,
    /// What to do, in words.
    pub(super) advice: Option<RawText>,
    /// Other names `explain` answers to.
    #[serde(default)]
    pub(super) known_as: Vec<Scalar>,
    pub(super) applies_to: Option<RawAppliesTo>,
    /// Kinds of record, by name.
    #[serde(default)]
    pub(super) signals: Ordered<RawSignal>,
    /// Relations between hits, by name.
    #[serde(default)]
    pub(super) correlate: Ordered<RawCorrelation>,
    /// Clauses; the first one that holds wins.
    #[serde(default)]
    pub(super) when: Vec<RawWhen>,
    /// Which of the two bound nodes incidents are told of: with `peer` reports and texts swap them.
    #[serde(default)]
    pub(super) about: super::fault::About,
    /// Bound names that keep incidents apart besides node and peer.
    #[serde(default)]
    pub(super) per: Vec<String>,
    /// An incident ends after this silence; 30m unless stated.
    #[schemars(regex(pattern = schema::SPAN))]
    pub(super) quiet: Option<String>,
    /// Signals: a later one on the same node and peer ends the incident.
    #[serde(default)]
    pub(super) cleared_by: Vec<String>,
    /// Those of `cleared_by` that end it on whatever node of the cluster they come from.
    #[serde(default)]
    pub(super) cleared_anywhere: Vec<String>,
    /// Faults that are symptoms of this one.
    #[serde(default)]
    pub(super) explains: Vec<String>,
    /// A symptom may begin this long before its cause; 5m unless stated.
    #[schemars(regex(pattern = schema::SPAN))]
    pub(super) explains_within: Option<String>,
    /// Faults that cannot be there when this one is.
    #[serde(default)]
    pub(super) rules_out: Vec<RawRulesOut>,
    /// Incidents of these faults on the same nodes are folded into this one.
    #[serde(default)]
    pub(super) replaces: Vec<String>,
    /// What would make it certain, cheapest first.
    #[serde(default)]
    pub(super) needs: Vec<RawNeed>,
    /// Windows in which it is expected trouble.
    #[serde(default)]
    pub(super) expected_during: Vec<RawExpected>,
    /// Ids of remedies.
    #[serde(default)]
    pub(super) remedies: Vec<String>,
    #[serde(default)]
    pub(super) references: Vec<RawReference>,
    /// Where sources disagree: what, and what is assumed.
    pub(super) disputed: Option<RawText>,
}

/// A fix: prechecks, steps, postchecks, risk.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "remedy")]
#[serde(deny_unknown_fields)]
pub(super) struct RawRemedy {
    pub(super) id: String,
    /// Faults it is for.
    #[serde(rename = "for")]
    pub(super) faults: Vec<String>,
    /// One line, sentence case, no full stop.
    pub(super) title: RawText,
    /// What a person should know before.
    pub(super) advice: Option<RawText>,
    /// Id of the dialect of its commands.
    pub(super) dialect: String,
    pub(super) on: RawOn,
    pub(super) risk: super::remedy::Risk,
    /// When all of these hold there is nothing to do.
    #[serde(default)]
    pub(super) skip_if: Vec<RawStep>,
    /// What must hold before.
    #[serde(default)]
    pub(super) prechecks: Vec<RawStep>,
    /// What is done.
    #[serde(default)]
    pub(super) steps: Vec<RawStep>,
    /// What must hold after.
    #[serde(default)]
    pub(super) postchecks: Vec<RawStep>,
    /// How it is undone, or the word `none`.
    pub(super) undo: Option<RawText>,
    #[serde(default)]
    pub(super) references: Vec<RawReference>,
    pub(super) disputed: Option<RawText>,
}

/// Where a remedy or a step runs: one of `role`, `bind`, `each: node`,
/// `spared: node` or, for steps, `others: node`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "on")]
#[serde(deny_unknown_fields)]
pub(super) struct RawOn {
    /// On the node that has this role.
    pub(super) role: Option<String>,
    /// On the node that this value of the finding names.
    pub(super) bind: Option<String>,
    /// The word `node`: on each in turn.
    pub(super) each: Option<String>,
    /// The word `node`: on the first one that no incident of these faults is about.
    pub(super) spared: Option<String>,
    /// The word `node`: on every node but the one on which the remedy runs.
    pub(super) others: Option<String>,
    /// Roles, in turn.
    #[serde(default)]
    pub(super) order: Vec<String>,
}

/// A command or, with `manual`, what only a person can do.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "step")]
#[serde(deny_unknown_fields)]
pub(super) struct RawStep {
    /// A command that begins with a verb of the dialect.
    pub(super) run: Option<String>,
    /// Another spelling, sent when the first is unknown.
    pub(super) or: Option<String>,
    /// What only a person can do.
    pub(super) manual: Option<RawText>,
    /// Where it runs, if not where the remedy does.
    pub(super) on: Option<RawOn>,
    /// What it is for, in a sentence.
    pub(super) why: Option<RawText>,
    /// What it may do, if not what the remedy may.
    pub(super) risk: Option<super::remedy::Risk>,
    /// How often a check is repeated.
    #[schemars(regex(pattern = schema::SPAN))]
    pub(super) every: Option<String>,
    /// How long a check may take to come true.
    #[serde(rename = "for")]
    #[schemars(regex(pattern = schema::SPAN))]
    pub(super) span: Option<String>,
    /// What the output has to show.
    pub(super) expect: Option<RawExpect>,
    /// What happens when it does not.
    #[serde(default, rename = "else")]
    pub(super) otherwise: super::remedy::Otherwise,
    /// How the effect shows: a check that is repeated until it holds.
    pub(super) until: Option<Box<RawStep>>,
    /// The node may end the connection instead of answering.
    #[serde(default)]
    pub(super) closes: bool,
    /// Running it twice does no harm.
    #[serde(default)]
    pub(super) repeatable: bool,
    /// It is left out where its effect, as `until` says, shows already.
    #[serde(default)]
    pub(super) once: bool,
    /// The command runs until it is interrupted, after this time.
    #[schemars(regex(pattern = schema::SPAN))]
    pub(super) stop_after: Option<String>,
}

/// What the output of a command has to show.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "expect")]
#[serde(deny_unknown_fields)]
pub(super) struct RawExpect {
    #[schemars(schema_with = "schema::format")]
    pub(super) format: String,
    /// As in a signal.
    #[serde(default, rename = "where")]
    #[schemars(schema_with = "schema::conditions")]
    pub(super) conditions: OneOrMany<Ordered<OneOrMany<Scalar>>>,
    /// How many records have to fit.
    #[serde(default)]
    pub(super) holds: super::remedy::Holds,
}

/// An alarm that `explain` knows by number.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "alarm")]
#[serde(deny_unknown_fields)]
pub(super) struct RawAlarm {
    pub(super) id: u32,
    /// As the product prints it.
    pub(super) title: String,
    pub(super) severity: Severity,
    pub(super) advice: Option<RawText>,
}

/// An alarm, a state or a reason that `explain` knows by name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "name")]
#[serde(deny_unknown_fields)]
pub(super) struct RawName {
    /// As the product writes it.
    pub(super) name: String,
    pub(super) is: NameKind,
    pub(super) product: Product,
    /// Of an alarm: who raises it, such as `UC_ICSA`.
    pub(super) facility: Option<String>,
    /// Of an alarm: its severity, from 0 (emergency) to 7 (debug).
    #[schemars(range(max = 7))]
    pub(super) level: Option<u8>,
    /// What the product prints with it.
    pub(super) title: Option<String>,
    /// Other spellings, and names of other releases.
    #[serde(default)]
    pub(super) known_as: Vec<String>,
    pub(super) meaning: Option<RawText>,
    pub(super) advice: Option<RawText>,
}

/// A port and who listens on it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "port")]
#[serde(deny_unknown_fields)]
pub(super) struct RawPort {
    pub(super) port: u16,
    pub(super) transport: String,
    /// The part the port plays.
    pub(super) role: String,
    pub(super) product: Product,
}
