//! Answers from a file, for guides and runbooks that nobody sits in front of.
//!
//! ```yaml
//! topic: cms-database
//! answers:
//!   cms-status: no-primary          # one of the closed answers
//!   cms-replica-log: {file: replica.log}
//!   cms-port: unknown
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::catalog::Catalog;
use crate::catalog::guide::Guide;

/// That one does not know, or cannot look.
pub const UNKNOWN: &str = "unknown";

/// That a step of a runbook is done and its check holds.
pub const DONE: &str = "done";

/// An answers file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// The guide or runbook, unless the command line names it.
    pub topic: Option<String>,
    /// By observation or step.
    #[serde(default)]
    pub answers: BTreeMap<String, Answer>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub enum Answer {
    /// The name of a closed answer, or `unknown`.
    Choice(String),
    /// Evidence.
    Evidence(Brought),
}

/// An answer as it is written: a bare yes or no is no word to YAML.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of an answer, or one of 'file', 'text' and 'run'"
)]
enum Written {
    Flag(bool),
    Choice(String),
    Evidence(Brought),
}

impl From<Written> for Answer {
    fn from(written: Written) -> Self {
        match written {
            Written::Flag(true) => Self::Choice("yes".to_owned()),
            Written::Flag(false) => Self::Choice("no".to_owned()),
            Written::Choice(word) => Self::Choice(word),
            Written::Evidence(brought) => Self::Evidence(brought),
        }
    }
}

/// Evidence that answers an observation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brought {
    /// A file, folder, archive or capture, beside the answers file.
    pub file: Option<String>,
    /// The text itself.
    pub text: Option<String>,
    /// The node of the inventory on which the command is run.
    pub run: Option<String>,
    /// The closed answer, for evidence that does not give it.
    pub answer: Option<String>,
}

/// A mistake in an answers file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Words after one another behind which it stands.
    pub at: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub allowed: Vec<String>,
}

/// Checks the answers against the guides that may be gone through, and the steps of a runbook.
pub fn check(answers: &Answers, guides: &[&Guide], steps: Option<&[&str]>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (name, answer) in &answers.answers {
        let mut say = |word: Option<&str>, message: String, allowed: Vec<String>| {
            let at = std::iter::once(name.as_str()).chain(word);
            mistakes.push(Mistake {
                at: at.map(str::to_owned).collect(),
                message,
                allowed,
            });
        };
        let known = guides.iter().find_map(|guide| guide.observation(name));
        let allowed: Vec<String> = match (known, steps) {
            (Some(observation), _) => {
                let ids = observation.choices.iter().map(|choice| choice.id.clone());
                ids.chain([UNKNOWN.to_owned()]).collect()
            }
            (None, Some(steps)) if steps.contains(&name.as_str()) => {
                [DONE, "not-done"].map(str::to_owned).to_vec()
            }
            _ => {
                let all = guides.iter().flat_map(|guide| &guide.observations);
                let all = all.map(|observation| observation.id.as_str());
                let all = all.chain(steps.unwrap_or_default().iter().copied());
                say(
                    None,
                    format!("nothing asks for '{name}'"),
                    all.map(str::to_owned).collect(),
                );
                continue;
            }
        };
        let choice = match answer {
            Answer::Choice(choice) => Some(choice),
            Answer::Evidence(brought) => {
                let ways = [&brought.file, &brought.text, &brought.run];
                if ways.into_iter().flatten().count() != 1 {
                    let message = format!("'{name}' takes one of 'file', 'text' and 'run'");
                    say(None, message, Vec::new());
                }
                brought.answer.as_ref()
            }
        };
        if let Some(choice) = choice.filter(|choice| !allowed.contains(choice)) {
            let message = format!("'{choice}' is no answer to '{name}'");
            say(Some(choice), message, allowed);
        }
    }
    mistakes
}

/// The guide and those that it may lead to.
pub fn reachable<'c>(catalog: &'c Catalog, first: &'c Guide) -> Vec<&'c Guide> {
    let mut found = vec![first];
    let mut next = 0;
    while let Some(guide) = found.get(next) {
        let led = guide.conclusions.iter().filter_map(|c| c.guide.as_deref());
        let led: Vec<&Guide> = led.filter_map(|id| catalog.guide(id)).collect();
        for guide in led {
            if !found.iter().any(|known| known.id == guide.id) {
                found.push(guide);
            }
        }
        next += 1;
    }
    found
}
