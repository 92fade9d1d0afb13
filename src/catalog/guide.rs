//! Guides and runbooks: how a person is led from a symptom to a cause, and through a procedure.

use serde::{Deserialize, Serialize};

use super::remedy::{Expect, Risk};
use super::text::Text;
use crate::model::node::Product;
use crate::model::report::Reference;

/// On which node something is looked at or done.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Any node of the cluster.
    #[default]
    Any,
    /// Every node.
    Every,
    /// The nodes one after the other, each waited for.
    InTurn,
    /// The primary.
    Primary,
    /// The node that becomes the primary.
    NewPrimary,
    /// A replica.
    Replica,
    /// A node that is a client of the database and holds none.
    Client,
    /// A subordinate peer.
    Subordinate,
    /// The peers that are not the primary.
    Others,
    /// The node that is added.
    NewNode,
    /// The node that is taken out.
    OldNode,
    /// The database publisher.
    Publisher,
    /// The publishers of both clusters.
    BothPublishers,
    /// Every node of both clusters.
    BothClusters,
    /// Both nodes of a redundancy group.
    Group,
    /// The node that has failed.
    FailedNode,
    /// The server of the external database.
    Database,
    /// No node: a person knows.
    Nowhere,
}

impl Place {
    /// Its word in rules and in the keys of locales.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Every => "every",
            Self::InTurn => "in-turn",
            Self::Primary => "primary",
            Self::NewPrimary => "new-primary",
            Self::Replica => "replica",
            Self::Client => "client",
            Self::Subordinate => "subordinate",
            Self::Others => "others",
            Self::NewNode => "new-node",
            Self::OldNode => "old-node",
            Self::Publisher => "publisher",
            Self::BothPublishers => "both-publishers",
            Self::BothClusters => "both-clusters",
            Self::Group => "group",
            Self::FailedNode => "failed-node",
            Self::Database => "database",
            Self::Nowhere => "nowhere",
        }
    }
}

/// What an observation asks of a person, from least to most.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Cost {
    /// A look, or something that people know.
    #[default]
    Small,
    /// A login or a file to fetch.
    Medium,
    /// A capture, or help from somebody else.
    Large,
}

impl Cost {
    /// Its word in rules and in the keys of locales.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

/// Which records of the evidence tell that something was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What such a record looks like.
    pub record: Expect,
    /// The field whose distinct values are counted, when one record is not enough.
    pub distinct: Option<String>,
    /// How many of them there have to be.
    pub least: usize,
    /// There has to be one for every node that the evidence knows.
    pub every: bool,
}

/// One closed answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Its name in answers files.
    pub id: String,
    /// In words.
    pub say: Text,
    /// Conclusions that it speaks for.
    pub supports: Vec<String>,
    /// Conclusions that it rules out.
    pub excludes: Vec<String>,
    /// Records of the evidence that give this answer.
    pub shown: Option<Expect>,
}

/// Something to look at or to ask, and what its outcome does to each conclusion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Its name in answers files, unique in the whole catalog.
    pub id: String,
    /// The question.
    pub ask: Text,
    /// The command to run, which only looks.
    pub run: Option<String>,
    /// Id of the dialect of the command.
    pub dialect: Option<String>,
    /// The page to open, as the product writes it.
    pub page: Option<String>,
    /// The file to fetch.
    pub file: Option<String>,
    /// Where.
    pub on: Place,
    /// Milliseconds that it takes.
    pub takes: u64,
    /// What it asks of a person.
    pub cost: Cost,
    /// How to read what comes.
    pub read: Option<Text>,
    /// What to know before.
    pub warning: Option<Text>,
    /// Records of the evidence that show that it was made.
    pub seen: Option<Seen>,
    /// Conclusions that the evidence would have proved, had they been true.
    pub decides: Vec<String>,
    /// The closed answers.
    pub choices: Vec<Choice>,
}

/// What a guide may come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// Its name in the guide.
    pub id: String,
    /// Faults that prove it; the first one gives its title.
    pub faults: Vec<String>,
    /// The guide that goes on from here.
    pub guide: Option<String>,
    /// Its title, where neither fault nor guide has one.
    pub title: Option<Text>,
    /// What would prove it.
    pub collect: Option<Text>,
    /// The runbook that mends it.
    pub runbook: Option<String>,
}

/// A guide from symptoms to a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guide {
    /// Stable id.
    pub id: String,
    /// Its product; one that leads to others has none.
    pub product: Option<Product>,
    /// Names it answers to on the command line.
    pub topics: Vec<String>,
    /// One line.
    pub title: Text,
    /// When it fits.
    pub about: Text,
    /// Faults that it goes on from: their cause is what it looks for.
    pub symptoms: Vec<String>,
    /// What it may come to, the likelier first.
    pub conclusions: Vec<Conclusion>,
    /// What can be looked at.
    pub observations: Vec<Observation>,
    /// What to collect when nothing of it fits, or when several remain.
    pub nothing: Text,
    /// Documents.
    pub references: Vec<Reference>,
}

/// How somebody sees that a step worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What is to be seen.
    pub see: Text,
    /// The command that shows it.
    pub run: Option<String>,
    /// The page that shows it.
    pub page: Option<String>,
    /// What its answer has to say, when it is pasted.
    pub expect: Option<Expect>,
}

/// One step of a procedure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunbookStep {
    /// Its name in answers files.
    pub id: String,
    /// What is done.
    pub text: Text,
    /// Where.
    pub on: Place,
    /// The commands, one after the other.
    pub run: Vec<String>,
    /// The page, as the product writes it.
    pub page: Option<String>,
    /// Milliseconds that it takes, where that is worth knowing.
    pub takes: Option<u64>,
    /// What to know before.
    pub warning: Option<Text>,
    /// How to see that it worked.
    pub check: Option<Check>,
    /// Why nothing shows that.
    pub no_check: Option<Text>,
}

/// A checked procedure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runbook {
    /// Stable id.
    pub id: String,
    /// Its product.
    pub product: Product,
    /// Names it answers to on the command line.
    pub topics: Vec<String>,
    /// One line.
    pub title: Text,
    /// When it fits, and what it does.
    pub about: Text,
    /// Id of the dialect of its commands.
    pub dialect: Option<String>,
    /// What it may do.
    pub risk: Risk,
    /// What has to hold before it begins.
    pub before: Vec<Text>,
    /// The steps.
    pub steps: Vec<RunbookStep>,
    /// Documents.
    pub references: Vec<Reference>,
    /// Where sources disagree.
    pub disputed: Option<Text>,
}

impl Guide {
    /// The conclusion with this name.
    pub fn conclusion(&self, id: &str) -> Option<&Conclusion> {
        self.conclusions.iter().find(|known| known.id == id)
    }

    /// The observation with this name.
    pub fn observation(&self, id: &str) -> Option<&Observation> {
        self.observations.iter().find(|known| known.id == id)
    }

    /// True when a name on the command line means this guide.
    pub fn is(&self, name: &str) -> bool {
        answers_to(&self.id, &self.topics, &self.title, name)
    }

    /// Every text of it, with the name of its place.
    pub fn texts(&self) -> Vec<(String, &Text)> {
        let mut found = vec![
            ("title".to_owned(), &self.title),
            ("about".to_owned(), &self.about),
            ("nothing".to_owned(), &self.nothing),
        ];
        for conclusion in &self.conclusions {
            let texts = [&conclusion.title, &conclusion.collect];
            let at = format!("conclusion {}", conclusion.id);
            found.extend(texts.into_iter().flatten().map(|text| (at.clone(), text)));
        }
        for seen in &self.observations {
            let at = format!("observation {}", seen.id);
            found.push((at.clone(), &seen.ask));
            let more = [&seen.read, &seen.warning];
            found.extend(more.into_iter().flatten().map(|text| (at.clone(), text)));
            let says = seen.choices.iter();
            found.extend(says.map(|choice| (format!("{at}, answer {}", choice.id), &choice.say)));
        }
        found
    }
}

impl Runbook {
    /// True when a name on the command line means this runbook.
    pub fn is(&self, name: &str) -> bool {
        answers_to(&self.id, &self.topics, &self.title, name)
    }

    /// Every text of it, with the name of its place.
    pub fn texts(&self) -> Vec<(String, &Text)> {
        let mut found = vec![
            ("title".to_owned(), &self.title),
            ("about".to_owned(), &self.about),
        ];
        found.extend(self.before.iter().map(|text| ("before".to_owned(), text)));
        found.extend(self.disputed.iter().map(|t| ("disputed".to_owned(), t)));
        for step in &self.steps {
            let at = format!("step {}", step.id);
            let see = step.check.as_ref().map(|check| &check.see);
            let texts = [step.warning.as_ref(), step.no_check.as_ref(), see];
            found.push((at.clone(), &step.text));
            found.extend(texts.into_iter().flatten().map(|text| (at.clone(), text)));
        }
        found
    }
}

fn answers_to(id: &str, topics: &[String], title: &Text, name: &str) -> bool {
    let name = name.to_lowercase();
    let titles = super::text::Lang::ALL
        .iter()
        .filter_map(|lang| title.translated(*lang));
    let names = topics.iter().map(String::as_str).chain(titles).chain([id]);
    names.into_iter().any(|known| known.to_lowercase() == name)
}
