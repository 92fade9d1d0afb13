//! The shapes of guides and runbooks as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{OneOrMany, Ordered, RawExpect, RawReference, RawText, Scalar};
use crate::catalog::guide::{Cost, Place};
use crate::catalog::remedy::Risk;
use crate::catalog::schema;
use crate::model::node::Product;

/// A guide from symptoms to a cause.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "guide")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawGuide {
    /// `guide.` and its topic.
    #[schemars(regex(pattern = schema::ID))]
    pub(in crate::catalog) id: String,
    /// Its product; a guide that leads to others has none.
    pub(in crate::catalog) product: Option<Product>,
    /// Names it answers to on the command line, in any language.
    pub(in crate::catalog) topics: Vec<String>,
    /// One line, sentence case, no full stop.
    pub(in crate::catalog) title: RawText,
    /// When it fits.
    pub(in crate::catalog) about: RawText,
    /// Faults that it goes on from: their cause is what it looks for.
    #[serde(default)]
    pub(in crate::catalog) symptoms: Vec<String>,
    /// What it may come to, by name, the likelier first.
    pub(in crate::catalog) conclusions: Ordered<RawConclusion>,
    /// What can be looked at or asked, by name.
    pub(in crate::catalog) observations: Ordered<RawObservation>,
    /// What to collect when nothing fits or several conclusions remain.
    pub(in crate::catalog) nothing: RawText,
    #[serde(default)]
    pub(in crate::catalog) references: Vec<RawReference>,
}

/// What a guide may come to: a fault, another guide, or something that has to be collected.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "conclusion")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawConclusion {
    /// Faults that prove it; the first one gives its title.
    #[serde(default)]
    pub(in crate::catalog) faults: Vec<String>,
    /// The guide that goes on from here.
    pub(in crate::catalog) guide: Option<String>,
    /// Its title, where neither a fault nor a guide has one.
    pub(in crate::catalog) title: Option<RawText>,
    /// What would prove it; every conclusion but a guide has it.
    pub(in crate::catalog) collect: Option<RawText>,
    /// The runbook that mends it.
    pub(in crate::catalog) runbook: Option<String>,
}

/// Something to look at or to ask.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "observation")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawObservation {
    /// The question.
    pub(in crate::catalog) ask: RawText,
    /// The command to run; one that only looks.
    pub(in crate::catalog) run: Option<String>,
    /// Id of the dialect of the command.
    pub(in crate::catalog) dialect: Option<String>,
    /// The page to open, as the product writes it.
    pub(in crate::catalog) page: Option<String>,
    /// The file to fetch, as the product names it.
    pub(in crate::catalog) file: Option<String>,
    /// On which node.
    #[serde(default)]
    pub(in crate::catalog) on: Place,
    /// How long it takes.
    #[schemars(regex(pattern = schema::SPAN))]
    pub(in crate::catalog) takes: String,
    /// What it asks of a person.
    #[serde(default)]
    pub(in crate::catalog) cost: Cost,
    /// How to read what comes.
    pub(in crate::catalog) read: Option<RawText>,
    /// What to know before.
    pub(in crate::catalog) warning: Option<RawText>,
    /// Records of the evidence that show that it was made: then it is not asked.
    pub(in crate::catalog) seen: Option<RawSeen>,
    /// Conclusions that the evidence would have proved, had they been true.
    #[serde(default)]
    pub(in crate::catalog) decides: Vec<String>,
    /// The closed answers, by name. That one does not know is always among them.
    pub(in crate::catalog) answers: Ordered<RawChoice>,
}

/// One closed answer, and what it does to each conclusion.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "answer")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawChoice {
    /// In words.
    pub(in crate::catalog) say: RawText,
    /// Conclusions that it speaks for.
    #[serde(default)]
    pub(in crate::catalog) supports: Vec<String>,
    /// Conclusions that it rules out; the word `rest` stands for all that it does not support.
    #[serde(default)]
    pub(in crate::catalog) excludes: Vec<String>,
    /// Records of the evidence that give this answer.
    pub(in crate::catalog) shown: Option<RawExpect>,
}

/// Records of the evidence.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "seen")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawSeen {
    #[schemars(schema_with = "schema::format")]
    pub(in crate::catalog) format: String,
    /// As in a signal.
    #[serde(default, rename = "where")]
    #[schemars(schema_with = "schema::conditions")]
    pub(in crate::catalog) conditions: OneOrMany<Ordered<OneOrMany<Scalar>>>,
    /// A field whose distinct values are counted.
    pub(in crate::catalog) distinct: Option<String>,
    /// How many of them there have to be; one unless stated.
    pub(in crate::catalog) least: Option<u8>,
    /// There has to be one for every node that the evidence knows.
    #[serde(default)]
    pub(in crate::catalog) every: bool,
}

/// A checked procedure.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "runbook")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawRunbook {
    /// `runbook.`, the product and what is done.
    #[schemars(regex(pattern = schema::ID))]
    pub(in crate::catalog) id: String,
    pub(in crate::catalog) product: Product,
    /// Names it answers to on the command line, in any language.
    pub(in crate::catalog) topics: Vec<String>,
    /// One line, sentence case, no full stop.
    pub(in crate::catalog) title: RawText,
    /// When it fits, and what it does.
    pub(in crate::catalog) about: RawText,
    /// Id of the dialect of its commands.
    pub(in crate::catalog) dialect: Option<String>,
    pub(in crate::catalog) risk: Risk,
    /// What has to hold before it begins.
    #[serde(default)]
    pub(in crate::catalog) before: Vec<RawText>,
    /// The steps, by name.
    pub(in crate::catalog) steps: Ordered<RawRunbookStep>,
    #[serde(default)]
    pub(in crate::catalog) references: Vec<RawReference>,
    /// Where sources disagree: what, and what is assumed.
    pub(in crate::catalog) disputed: Option<RawText>,
}

/// One step of a procedure, done by a person.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "runbookStep")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawRunbookStep {
    /// What is done.
    #[serde(rename = "do")]
    pub(in crate::catalog) text: RawText,
    /// On which node.
    #[serde(default)]
    pub(in crate::catalog) on: Place,
    /// Commands, one after the other; `<name>` is what a person puts in.
    #[serde(default)]
    pub(in crate::catalog) run: OneOrMany<String>,
    /// The page, as the product writes it.
    pub(in crate::catalog) page: Option<String>,
    /// How long it takes.
    #[schemars(regex(pattern = schema::SPAN))]
    pub(in crate::catalog) takes: Option<String>,
    /// What to know before.
    pub(in crate::catalog) warning: Option<RawText>,
    /// How to see that it worked.
    pub(in crate::catalog) check: Option<RawRunbookCheck>,
    /// Why nothing shows that.
    pub(in crate::catalog) no_check: Option<RawText>,
}

/// How to see that a step worked.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "runbookCheck")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawRunbookCheck {
    /// What is to be seen.
    pub(in crate::catalog) see: RawText,
    /// The command that shows it; one that only looks.
    pub(in crate::catalog) run: Option<String>,
    /// The page that shows it.
    pub(in crate::catalog) page: Option<String>,
    /// What the answer of the command has to say.
    pub(in crate::catalog) expect: Option<RawExpect>,
}
