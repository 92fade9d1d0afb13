//! Remedies and the command-line dialects they are written for.

use serde::{Deserialize, Serialize};

use super::condition::{self, Condition};
use super::text::{Text, fill, placeholders};
use crate::model::report::Reference;

pub use crate::model::plan::Risk;

/// Where a remedy or one of its steps runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum On {
    /// On the node that has this role.
    Role(String),
    /// On the node that this value of the finding names.
    Bind(String),
    /// On each node in turn, by role.
    Each(Vec<String>),
    /// On the first node, by role, that no incident of the remedy's faults is about.
    Spared(Vec<String>),
    /// On every node but the one on which the remedy runs.
    Others,
}

/// How many records of an answer have to fit.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// At least one.
    #[default]
    Any,
    /// Every one, and there is one.
    All,
    /// Not one, in an answer that was read to its end.
    None,
}

/// What happens when a check does not hold.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Otherwise {
    /// The run stops: what the plan assumes is not so.
    #[default]
    Refuse,
    /// The steps of this remedy are left out.
    Skip,
}

/// What the output of a command has to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expect {
    /// Index into `model::format::FORMATS`.
    pub format: u16,
    /// The condition, as in a signal.
    pub condition: Condition,
    /// The condition as written, for people.
    pub written: String,
    /// How many records have to fit.
    pub holds: Holds,
}

impl Expect {
    /// The expectation about one finding, with its values in place of `{{name}}`; nothing when a
    /// value is missing.
    pub fn bound(&self, value: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let mut bound = self.clone();
        for word in bound
            .condition
            .iter_mut()
            .flatten()
            .flat_map(|test| &mut test.values)
        {
            if placeholders(word).any(|name| value(name).is_none()) {
                return None;
            }
            if word.contains("{{") {
                *word = fill(word, value);
            }
        }
        bound.written = condition::written(&bound.condition);
        Some(bound)
    }
}

/// One step or check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemedyStep {
    /// The command, if a command it is.
    pub run: Option<String>,
    /// Another spelling, sent when the first is unknown.
    pub or: Option<String>,
    /// What only a person can do.
    pub manual: Option<Text>,
    /// Where it runs, if not where the remedy does.
    pub on: Option<On>,
    /// What it is for.
    pub why: Option<Text>,
    /// What it may do, if not what the remedy may.
    pub risk: Option<Risk>,
    /// Milliseconds between two looks of a check that is repeated.
    pub every: Option<u64>,
    /// Milliseconds that a check may take to come true.
    pub span: Option<u64>,
    /// What the output has to show.
    pub expect: Option<Expect>,
    /// What happens when it does not.
    pub otherwise: Otherwise,
    /// How the effect of a step shows: looked at until it holds, and before a step whose effect is
    /// unknown is repeated.
    pub until: Option<Box<RemedyStep>>,
    /// The node may end the connection instead of answering.
    pub closes: bool,
    /// Running it twice does no harm.
    pub repeatable: bool,
    /// It is left out where its effect shows already.
    pub once: bool,
    /// The command runs until it is interrupted, after so many milliseconds.
    pub stop_after: Option<u64>,
}

/// A fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// Stable id.
    pub id: String,
    /// Faults it is for.
    pub faults: Vec<String>,
    /// One line.
    pub title: Text,
    /// What a person should know before.
    pub advice: Option<Text>,
    /// Id of the dialect.
    pub dialect: String,
    /// Where it runs.
    pub on: On,
    /// What it may do.
    pub risk: Risk,
    /// When all of these hold there is nothing to do.
    pub skip_if: Vec<RemedyStep>,
    /// What must hold before.
    pub prechecks: Vec<RemedyStep>,
    /// What is done.
    pub steps: Vec<RemedyStep>,
    /// What must hold after.
    pub postchecks: Vec<RemedyStep>,
    /// How it is undone, if it can be.
    pub undo: Option<Text>,
    /// Documents.
    pub references: Vec<Reference>,
    /// Where sources disagree.
    pub disputed: Option<Text>,
}

impl Dialect {
    /// True when a command may be sent: it begins with one of the verbs, word for word.
    pub fn allows(&self, command: &str) -> bool {
        self.only_reads(command) || self.verbs.iter().any(|verb| begins(command, verb))
    }

    /// True when it is a command at all, be it one that is left to people.
    pub fn knows(&self, command: &str) -> bool {
        self.allows(command) || self.by_hand.iter().any(|known| begins(command, known))
    }

    /// True when a command only looks.
    pub fn only_reads(&self, command: &str) -> bool {
        let longest = |verbs: &[String]| {
            let fitting = verbs.iter().filter(|verb| begins(command, verb));
            fitting.map(String::len).max()
        };
        // of `pcap` and `pcap status` the longer one tells
        longest(&self.reads).is_some_and(|read| Some(read) >= longest(&self.verbs))
    }
}

fn begins(command: &str, verb: &str) -> bool {
    let rest = command
        .get(..verb.len())
        .filter(|start| start.eq_ignore_ascii_case(verb))
        .and_then(|_| command.get(verb.len()..));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

impl Remedy {
    /// Its checks and steps in the order in which they come, with the checks of effects.
    pub fn all_steps(&self) -> impl Iterator<Item = &RemedyStep> {
        let checks = self.skip_if.iter().chain(&self.prechecks);
        let all = checks.chain(&self.steps).chain(&self.postchecks);
        all.flat_map(|step| std::iter::once(step).chain(step.until.as_deref()))
    }
}

/// A question a command line asks, and our answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Pattern of the question.
    pub ask: String,
    /// The answer.
    pub answer: String,
}

/// How a node's command line talks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// Its id.
    pub id: String,
    /// Pattern of the prompt.
    pub prompt: String,
    /// Patterns of lines that end an answer.
    pub end: Vec<String>,
    /// How it pages.
    pub pager: Option<Ask>,
    /// Confirmations it asks.
    pub confirm: Vec<Ask>,
    /// What stops a running command.
    pub interrupt: Option<String>,
    /// Patterns that mean an unknown command.
    pub unknown_command: Vec<String>,
    /// Commands that only look.
    pub reads: Vec<String>,
    /// Commands that change something; besides `reads` nothing else is ever sent.
    pub verbs: Vec<String>,
    /// Commands that runbooks may tell a person to run; they are never sent.
    pub by_hand: Vec<String>,
    /// Patterns of lines that mean that a known command failed.
    pub failed: Vec<String>,
    /// What ends a session.
    pub leave: Option<String>,
    /// How a node shows who it is; the first one that tells counts.
    pub identity: Vec<Identity>,
    /// Closed lists of words that parameters are taken from, with the spelling that is sent:
    /// names of services.
    pub words: std::collections::BTreeMap<String, Vec<String>>,
    /// Words after which output is secret.
    pub mask: Vec<String>,
}

/// A command whose answer tells which node this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The command.
    pub run: String,
    /// Index into `model::format::FORMATS`.
    pub format: u16,
    /// Which records tell.
    pub condition: Condition,
    /// The field that holds a name or an address of the node itself.
    pub field: String,
}

/// An alarm of a product, known by its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Number.
    pub id: u32,
    /// Title, as the product prints it; several alarms share one.
    pub title: String,
    /// How grave the product calls it.
    pub severity: crate::model::report::Severity,
    /// What to do about it.
    pub advice: Option<Text>,
}

/// A port and who listens on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Number.
    pub port: u16,
    /// `tcp` or `udp`.
    pub transport: String,
    /// Role, as `port_role` names it.
    pub role: String,
    /// Product of the listener.
    pub product: crate::model::node::Product,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expectation_is_bound_to_the_values_of_a_finding() {
        let test = condition::parse_test("service", vec!["{{service}}".to_owned()]).ok();
        let expect = Expect {
            format: 0,
            condition: vec![test.into_iter().collect()],
            written: "service is {{service}}".to_owned(),
            holds: Holds::Any,
        };
        let router = |name: &str| (name == "service").then(|| "Cisco XCP Router".to_owned());
        let bound = expect.bound(&router);
        let written = bound.map(|bound| bound.written);
        assert_eq!(written.as_deref(), Some("service is Cisco XCP Router"));
        assert_eq!(expect.bound(&|_| None), None);
    }

    #[test]
    fn verbs_are_whole_words() {
        let dialect = Dialect {
            verbs: vec!["database cluster status".to_owned()],
            ..Dialect::default()
        };
        assert!(dialect.allows("database cluster status"));
        assert!(dialect.allows("database cluster status now"));
        assert!(!dialect.allows("database cluster statusx"));
        assert!(!dialect.allows("database cluster"));
    }

    #[test]
    fn the_longest_verb_tells_whether_a_command_only_looks() {
        let dialect = Dialect {
            reads: vec!["utils service list".to_owned(), "utils".to_owned()],
            verbs: vec!["utils service".to_owned()],
            ..Dialect::default()
        };
        assert!(dialect.only_reads("utils service list page"));
        assert!(!dialect.only_reads("utils service restart Cisco Tomcat"));
        assert!(dialect.only_reads("utils ha status"));
    }
}
