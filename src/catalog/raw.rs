//! The shapes of rule files as they are written; [`super::compile`] turns them into checked data.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::model::node::Product;
use crate::model::report::{Confidence, Severity};

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
#[derive(Clone, Debug, Deserialize)]
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
#[derive(Clone, Debug, Deserialize)]
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
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum RawText {
    English(String),
    Languages(RawLanguages),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLanguages {
    pub(super) en: String,
    pub(super) ko: Option<String>,
    #[serde(rename = "pt-BR")]
    pub(super) pt_br: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSignal {
    pub(super) format: String,
    #[serde(default, rename = "where")]
    pub(super) conditions: OneOrMany<Ordered<OneOrMany<Scalar>>>,
    #[serde(default)]
    pub(super) bind: Ordered<RawBind>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum RawBind {
    From(String),
    Typed(RawTypedBind),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTypedBind {
    pub(super) from: String,
    #[serde(rename = "type")]
    pub(super) kind: super::fault::ValueType,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCorrelation {
    #[serde(rename = "type")]
    pub(super) kind: RawCorrelationKind,
    pub(super) of: Vec<String>,
    #[serde(rename = "group-by")]
    pub(super) group_by: Option<Vec<String>>,
    pub(super) timespan: Option<String>,
    pub(super) condition: Option<Ordered<u64>>,
    pub(super) field: Option<String>,
    pub(super) after: Option<String>,
    pub(super) before: Option<String>,
    pub(super) within: Option<String>,
    #[serde(default)]
    pub(super) requires_coverage: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawCorrelationKind {
    EventCount,
    ValueCount,
    Temporal,
    TemporalOrdered,
    Absence,
    EveryNode,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWhen {
    #[serde(default)]
    pub(super) all: Vec<String>,
    #[serde(default)]
    pub(super) any: Vec<String>,
    #[serde(default)]
    pub(super) none: Vec<String>,
    pub(super) peer: Option<super::fault::PeerIs>,
    pub(super) confidence: Confidence,
    pub(super) severity: Option<Severity>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum RawRulesOut {
    Fault(String),
    Because(RawRulesOutBecause),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRulesOutBecause {
    pub(super) fault: String,
    pub(super) because: RawText,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNeed {
    pub(super) collect: String,
    pub(super) node: Option<String>,
    pub(super) filter: Option<String>,
    #[serde(rename = "for")]
    pub(super) span: Option<String>,
    pub(super) because: Option<RawText>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExpected {
    pub(super) window: String,
    pub(super) severity: Severity,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAppliesTo {
    pub(super) versions: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReference {
    pub(super) doc: String,
    pub(super) section: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFault {
    pub(super) id: String,
    pub(super) product: Product,
    #[serde(default)]
    pub(super) status: super::fault::Status,
    pub(super) severity: Severity,
    pub(super) title: RawText,
    pub(super) summary: Option<RawText>,
    pub(super) meaning: Option<RawText>,
    pub(super) proof: Option<RawText>,
    pub(super) advice: Option<RawText>,
    #[serde(default)]
    pub(super) known_as: Vec<Scalar>,
    pub(super) applies_to: Option<RawAppliesTo>,
    #[serde(default)]
    pub(super) signals: Ordered<RawSignal>,
    #[serde(default)]
    pub(super) correlate: Ordered<RawCorrelation>,
    #[serde(default)]
    pub(super) when: Vec<RawWhen>,
    #[serde(default)]
    pub(super) per: Vec<String>,
    pub(super) quiet: Option<String>,
    #[serde(default)]
    pub(super) cleared_by: Vec<String>,
    #[serde(default)]
    pub(super) explains: Vec<String>,
    pub(super) explains_within: Option<String>,
    #[serde(default)]
    pub(super) rules_out: Vec<RawRulesOut>,
    #[serde(default)]
    pub(super) replaces: Vec<String>,
    #[serde(default)]
    pub(super) needs: Vec<RawNeed>,
    #[serde(default)]
    pub(super) expected_during: Vec<RawExpected>,
    #[serde(default)]
    pub(super) remedies: Vec<String>,
    #[serde(default)]
    pub(super) references: Vec<RawReference>,
    pub(super) disputed: Option<RawText>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFactRule {
    pub(super) id: String,
    pub(super) product: Product,
    #[serde(default)]
    pub(super) signals: Ordered<RawSignal>,
    #[serde(default)]
    pub(super) facts: Vec<RawFact>,
    #[serde(default)]
    pub(super) windows: Vec<RawWindow>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFact {
    pub(super) signal: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) same_as: Option<String>,
    pub(super) peer: Option<String>,
    pub(super) cluster: Option<String>,
    pub(super) role: Option<String>,
    pub(super) name: Option<String>,
    pub(super) value: Option<String>,
    pub(super) version: Option<String>,
    #[serde(default)]
    pub(super) standalone: bool,
    pub(super) each: Option<String>,
    pub(super) split: Option<String>,
    pub(super) reporter: Option<String>,
    pub(super) primary: Option<String>,
    #[serde(rename = "self")]
    pub(super) own: Option<String>,
    pub(super) infer: Option<String>,
    pub(super) name_of: Option<String>,
    pub(super) address_of: Option<String>,
    pub(super) within: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWindow {
    pub(super) id: String,
    pub(super) title: Option<RawText>,
    pub(super) start: String,
    pub(super) end: Option<String>,
    #[serde(rename = "for")]
    pub(super) span: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRemedy {
    pub(super) id: String,
    #[serde(rename = "for")]
    pub(super) faults: Vec<String>,
    pub(super) title: RawText,
    pub(super) advice: Option<RawText>,
    pub(super) dialect: String,
    pub(super) on: RawOn,
    pub(super) risk: super::remedy::Risk,
    #[serde(default)]
    pub(super) prechecks: Vec<RawStep>,
    #[serde(default)]
    pub(super) steps: Vec<RawStep>,
    #[serde(default)]
    pub(super) postchecks: Vec<RawStep>,
    pub(super) undo: Option<RawText>,
    #[serde(default)]
    pub(super) references: Vec<RawReference>,
    pub(super) disputed: Option<RawText>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOn {
    pub(super) role: Option<String>,
    pub(super) bind: Option<String>,
    pub(super) each: Option<String>,
    #[serde(default)]
    pub(super) order: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStep {
    pub(super) run: Option<String>,
    pub(super) or: Option<String>,
    pub(super) manual: Option<RawText>,
    pub(super) every: Option<String>,
    #[serde(rename = "for")]
    pub(super) span: Option<String>,
    pub(super) expect: Option<RawExpect>,
    #[serde(rename = "else")]
    pub(super) otherwise: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExpect {
    pub(super) format: String,
    #[serde(default, rename = "where")]
    pub(super) conditions: OneOrMany<Ordered<OneOrMany<Scalar>>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDialect {
    pub(super) id: String,
    pub(super) prompt: String,
    pub(super) end: Option<OneOrMany<String>>,
    pub(super) pager: Option<RawAsk>,
    #[serde(default)]
    pub(super) confirm: Vec<RawAsk>,
    pub(super) interrupt: Option<String>,
    #[serde(default)]
    pub(super) unknown_command: Vec<String>,
    pub(super) verbs: Vec<String>,
    #[serde(default)]
    pub(super) mask: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAsk {
    pub(super) ask: String,
    pub(super) answer: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAlarm {
    pub(super) id: u32,
    pub(super) title: String,
    pub(super) severity: Severity,
    pub(super) advice: Option<RawText>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPort {
    pub(super) port: u16,
    pub(super) transport: String,
    pub(super) role: String,
    pub(super) product: Product,
}
