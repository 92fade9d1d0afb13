//! The guided troubleshooter: a guide, what the evidence tells and what a person answered give the
//! next thing to look at, or a conclusion. Pure; `cli` asks, reads and runs.
//!
//! ```text
//! guide ─┐
//! report ├─► judge ─► where each conclusion stands ─► turn ─► ask this, or an end
//! replies┘
//! ```
//!
//! Evidence proves and rules out; a person's answer only suggests, whatever it says.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::catalog::guide::{Choice, Conclusion, Cost, Guide, Observation};
use crate::model::node::Product;
use crate::model::report::{Confidence, Diagnosis, DiagnosisRole, Report, Severity};

pub mod answers;
pub mod lint;
pub mod walk;

/// What a person answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// One of the closed answers, by its name.
    Choice(String),
    /// Nobody knows, or it cannot be done.
    Unknown,
}

/// A person's answer to one observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Name of the observation.
    pub observation: String,
    /// The answer.
    pub given: Given,
}

/// What the evidence tells a guide.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'e> {
    /// The diagnosis, if there is any evidence.
    pub report: Option<&'e Report>,
    /// Observations that it holds.
    pub seen: &'e BTreeSet<String>,
    /// Closed answers that it gives, by observation.
    pub shown: &'e BTreeMap<String, String>,
}

/// How a conclusion stands; ordered from out to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Ruled out.
    Excluded,
    /// Neither.
    Open,
    /// Something speaks for it.
    Supported,
    /// The evidence proves it.
    Proved,
}

/// One conclusion and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing<'g> {
    /// The conclusion.
    pub conclusion: &'g Conclusion,
    /// How it stands.
    pub mark: Mark,
    /// The evidence has decided it: no answer of a person changes that.
    pub decided: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn<'g> {
    /// This is the cheapest observation that still separates.
    Ask {
        /// What to look at.
        observation: &'g Observation,
        /// The conclusions that it can point to or rule out.
        separates: Vec<&'g Conclusion>,
    },
    /// It is over.
    End(End<'g>),
}

/// What a guide came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End<'g> {
    /// The evidence proves these, or, where there is none, something that the guide does not ask about.
    Proved(Vec<&'g Conclusion>),
    /// Only this one is left, and nothing but answers and weak evidence says so.
    Suggested(&'g Conclusion),
    /// Several are left, and nothing separates them.
    Several(Vec<&'g Conclusion>),
    /// All of them are ruled out.
    Nothing,
}

impl<'g> End<'g> {
    /// The guide that goes on from here.
    pub fn leads_to(&self) -> Option<&'g str> {
        match self {
            Self::Suggested(one) => one.guide.as_deref(),
            Self::Proved(few) => few.first().and_then(|one| one.guide.as_deref()),
            Self::Several(_) | Self::Nothing => None,
        }
    }
}

/// How every conclusion of a guide stands.
pub fn judge<'g>(
    guide: &'g Guide,
    catalog: &Catalog,
    evidence: Evidence<'_>,
    replies: &[Reply],
) -> Vec<Standing<'g>> {
    let mut standings: Vec<Standing<'g>> = guide
        .conclusions
        .iter()
        .map(|conclusion| Standing {
            conclusion,
            mark: Mark::Open,
            decided: false,
        })
        .collect();
    if let Some(report) = evidence.report {
        for standing in &mut standings {
            by_report(standing, guide, catalog, report);
        }
    }
    for observation in &guide.observations {
        by_evidence(&mut standings, observation, evidence);
    }
    for reply in replies {
        by_reply(&mut standings, guide, reply);
    }
    standings
}

/// What the diagnosis says about a conclusion.
fn by_report(standing: &mut Standing<'_>, guide: &Guide, catalog: &Catalog, report: &Report) {
    let conclusion = standing.conclusion;
    let known = conclusion.guide.as_deref().and_then(|id| catalog.guide(id));
    let mark = match known {
        Some(next) => of_guide(next, report),
        None if guide.product.is_none() => of_no_guide(report),
        None => of_faults(conclusion, guide, report),
    };
    if let Some(mark) = mark {
        (standing.mark, standing.decided) = (mark, mark != Mark::Supported);
    }
}

/// A guide is where to go on when one of its conclusions is proved, and none for evidence of other
/// products.
fn of_guide(next: &Guide, report: &Report) -> Option<Mark> {
    let marks = next.conclusions.iter();
    let marks = marks.filter_map(|conclusion| of_faults(conclusion, next, report));
    if let Some(mark @ (Mark::Proved | Mark::Supported)) = marks.max() {
        return Some(mark);
    }
    let told = products(report);
    let other = !told.is_empty() && next.product.is_some_and(|own| !told.contains(&own));
    other.then_some(Mark::Excluded)
}

/// Where evidence is of a system that a guide knows, it is not about anything else.
fn of_no_guide(report: &Report) -> Option<Mark> {
    (!products(report).is_empty()).then_some(Mark::Excluded)
}

/// The systems that the evidence is of.
fn products(report: &Report) -> Vec<Product> {
    let known = [Product::Cms, Product::Expressway, Product::Imp];
    let told = report.clusters.iter().map(|cluster| cluster.product);
    told.filter(|product| known.contains(product)).collect()
}

/// What the incidents of a conclusion's faults say of it. What packets show of a cluster that nothing
/// names may be about anything: it only points.
fn of_faults(conclusion: &Conclusion, guide: &Guide, report: &Report) -> Option<Mark> {
    let is_own = |fault: &String| conclusion.faults.contains(fault);
    let open = clusters(guide, report).flat_map(|cluster| {
        let named = guide.product == Some(cluster.product);
        let open = cluster.diagnoses.iter();
        let open = open.filter(|one| !one.cleared && is_own(&one.fault));
        open.map(move |one| match one.confidence {
            Confidence::Likely | Confidence::Certain if named => Mark::Proved,
            _ => Mark::Supported,
        })
    });
    if let Some(mark) = open.max() {
        return Some(mark);
    }
    let out = clusters(guide, report).flat_map(|cluster| &cluster.ruled_out);
    let out: BTreeSet<&str> = out.map(|entry| entry.fault.as_str()).collect();
    // one of several faults that is not there says nothing of the others
    let mut own = conclusion
        .faults
        .iter()
        .filter(|fault| !fault.starts_with(NET))
        .peekable();
    own.peek()?;
    own.all(|fault| out.contains(fault.as_str()))
        .then_some(Mark::Excluded)
}

/// What ids of faults begin with that packets alone prove.
const NET: &str = "net.";

/// Open incidents of the guide's own product.
fn own_diagnoses<'r>(guide: &Guide, report: &'r Report) -> impl Iterator<Item = &'r Diagnosis> {
    let product = guide.product;
    let own = report.clusters.iter();
    let own = own.filter(move |cluster| product == Some(cluster.product));
    let open = own.flat_map(|cluster| &cluster.diagnoses);
    open.filter(|one| !one.cleared)
}

/// Clusters of the guide's product, and what packets alone show.
fn clusters<'r>(
    guide: &Guide,
    report: &'r Report,
) -> impl Iterator<Item = &'r crate::model::report::Cluster> {
    let product = guide.product;
    let fits = move |other: Product| {
        let shared = [
            Product::Unknown,
            Product::Net,
            Product::Postgresql,
            Product::Mnesia,
        ];
        product.is_none_or(|own| own == other) || shared.contains(&other)
    };
    report
        .clusters
        .iter()
        .filter(move |cluster| fits(cluster.product))
}

/// What is not found in evidence that would show it is not there.
fn by_evidence(standings: &mut [Standing<'_>], observation: &Observation, evidence: Evidence<'_>) {
    let answer = evidence.shown.get(&observation.id);
    let answer = answer.and_then(|id| observation.choices.iter().find(|c| c.id == *id));
    if let Some(choice) = answer {
        apply(standings, choice, true);
    }
    if !evidence.seen.contains(&observation.id) {
        return;
    }
    let clusters = evidence.report.iter().flat_map(|report| &report.clusters);
    let unsure: BTreeSet<&str> = clusters
        .clone()
        .flat_map(|cluster| &cluster.not_checked)
        .map(|entry| entry.fault.as_str())
        .collect();
    let was_there: BTreeSet<&str> = clusters
        .flat_map(|cluster| &cluster.diagnoses)
        .map(|one| one.fault.as_str())
        .collect();
    for standing in standings.iter_mut() {
        let conclusion = standing.conclusion;
        let told =
            |fault: &String| unsure.contains(fault.as_str()) || was_there.contains(fault.as_str());
        let decided = observation.decides.contains(&conclusion.id);
        if decided && standing.mark == Mark::Open && !conclusion.faults.iter().any(told) {
            (standing.mark, standing.decided) = (Mark::Excluded, true);
        }
    }
}

fn by_reply(standings: &mut [Standing<'_>], guide: &Guide, reply: &Reply) {
    let Given::Choice(id) = &reply.given else {
        return;
    };
    let observation = guide.observation(&reply.observation);
    let choices = observation.into_iter().flat_map(|o| &o.choices);
    if let Some(choice) = choices.into_iter().find(|choice| choice.id == *id) {
        apply(standings, choice, false);
    }
}

/// What an answer does. It never changes what the evidence has decided.
fn apply(standings: &mut [Standing<'_>], choice: &Choice, by_evidence: bool) {
    for standing in standings.iter_mut().filter(|one| !one.decided) {
        let id = &standing.conclusion.id;
        if choice.excludes.contains(id) {
            (standing.mark, standing.decided) = (Mark::Excluded, by_evidence);
        } else if choice.supports.contains(id) && standing.mark == Mark::Open {
            standing.mark = Mark::Supported;
        }
    }
}

/// What comes next.
pub fn turn<'g>(
    guide: &'g Guide,
    catalog: &Catalog,
    evidence: Evidence<'_>,
    replies: &[Reply],
) -> Turn<'g> {
    let standings = judge(guide, catalog, evidence, replies);
    let of = |mark: Mark| -> Vec<&'g Conclusion> {
        let fitting = standings.iter().filter(|one| one.mark == mark);
        fitting.map(|one| one.conclusion).collect()
    };
    let proved = roots(guide, evidence.report, of(Mark::Proved));
    let beside = || evidence.report.is_some_and(|r| is_proved_beside(guide, r));
    if !proved.is_empty() || beside() {
        return Turn::End(End::Proved(proved));
    }
    let (supported, open) = (of(Mark::Supported), of(Mark::Open));
    match (supported.as_slice(), open.as_slice()) {
        ([], []) => return Turn::End(End::Nothing),
        ([one], []) => return Turn::End(End::Suggested(one)),
        _ => {}
    }
    let asked = |observation: &Observation| {
        replies.iter().any(|r| r.observation == observation.id)
            || evidence.seen.contains(&observation.id)
            || evidence.shown.contains_key(&observation.id)
    };
    let useful = guide.observations.iter().filter(|one| !asked(one));
    let useful = useful.filter_map(|one| Some((worth(one, &standings)?, one)));
    if let Some((worth, observation)) = useful.min_by_key(|(worth, _)| worth.order) {
        return Turn::Ask {
            observation,
            separates: worth.separates,
        };
    }
    Turn::End(match (supported.as_slice(), open.as_slice()) {
        ([one], _) | ([], [one]) => End::Suggested(one),
        ([], _) => End::Several(open),
        _ => End::Several(supported),
    })
}

/// Of what is proved, that which nothing else explains; all of it where everything is explained by
/// something that the guide does not know.
fn roots<'g>(
    guide: &Guide,
    report: Option<&Report>,
    proved: Vec<&'g Conclusion>,
) -> Vec<&'g Conclusion> {
    let Some(report) = report else { return proved };
    let is_root = |one: &&&Conclusion| {
        one.guide.is_some()
            || own_diagnoses(guide, report).any(|incident| {
                incident.role == DiagnosisRole::Cause && one.faults.contains(&incident.fault)
            })
    };
    let roots: Vec<&Conclusion> = proved.iter().filter(is_root).copied().collect();
    if roots.is_empty() { proved } else { roots }
}

/// True when the evidence proves something grave that is none of the guide's conclusions.
fn is_proved_beside(guide: &Guide, report: &Report) -> bool {
    own_diagnoses(guide, report).any(|one| {
        one.role == DiagnosisRole::Cause
            && !guide.symptoms.contains(&one.fault)
            && one.severity >= Severity::Error
            && one.confidence >= Confidence::Likely
    })
}

/// What an observation is worth: first what it asks, then how far it separates at worst.
struct Worth<'g> {
    order: (Cost, usize, u64),
    separates: Vec<&'g Conclusion>,
}

/// None when no answer would change anything.
fn worth<'g>(observation: &Observation, standings: &[Standing<'g>]) -> Option<Worth<'g>> {
    let left: Vec<&Standing<'g>> = standings
        .iter()
        .filter(|one| matches!(one.mark, Mark::Open | Mark::Supported))
        .collect();
    let excludes =
        |choice: &Choice, one: &Standing<'_>| choice.excludes.contains(&one.conclusion.id);
    let moves = |choice: &Choice, one: &Standing<'_>| {
        let points = choice.supports.contains(&one.conclusion.id) && one.mark == Mark::Open;
        let out = excludes(choice, one) && !one.decided;
        points || out
    };
    // an answer that speaks for nothing that is left contradicts what is known already
    let survives = |choice: &Choice| left.iter().any(|one| !excludes(choice, one));
    let choices = observation.choices.iter();
    let choices = choices.filter(|choice| choice.supports.is_empty() || survives(choice));
    let choices: Vec<&Choice> = choices.collect();
    let touched = |one: &&&Standing<'g>| choices.iter().any(|choice| moves(choice, one));
    let separates: Vec<&'g Conclusion> = left
        .iter()
        .filter(touched)
        .map(|one| one.conclusion)
        .collect();
    let after = |choice: &Choice| left.iter().filter(|one| !excludes(choice, one)).count();
    let worst = choices.iter().map(|choice| after(choice)).max()?;
    (!separates.is_empty()).then_some(Worth {
        order: (observation.cost, worst, observation.takes),
        separates,
    })
}
