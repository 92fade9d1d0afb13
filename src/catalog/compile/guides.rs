//! Guides and runbooks.

use std::collections::BTreeSet;

use super::super::guide::{
    Check, Choice, Conclusion, Guide, Observation, Runbook, RunbookStep, Seen,
};
use super::super::raw::{
    RawChoice, RawConclusion, RawExpect, RawGuide, RawObservation, RawRunbook, RawRunbookCheck,
    RawRunbookStep, RawSeen,
};
use super::super::remedy::{Dialect, Expect, Holds};
use super::super::{Catalog, condition, near, yaml};
use super::{Cx, Problem, RuleFile, parse_span, references, signals, text};
use crate::model::time::MILLISECOND;

/// In `excludes`: every conclusion that the answer does not support.
const REST: &str = "rest";

/// Words that YAML takes for true or false; `yes` and `no` are understood nonetheless.
const FLAGS: [&str; 6] = ["on", "off", "y", "n", "true", "false"];

/// Compiles a guide.
pub(super) fn guide(raw: RawGuide, cx: &mut Cx<'_>) -> Guide {
    let known: Vec<String> = (raw.conclusions.0.iter())
        .map(|(id, _)| id.clone())
        .collect();
    let conclusions = raw.conclusions.0.into_iter();
    let conclusions = conclusions.map(|(id, raw)| conclusion(id, raw, cx));
    let conclusions = conclusions.collect::<Vec<_>>();
    let observations = raw.observations.0.into_iter();
    let observations = observations.map(|(id, raw)| observation(id, raw, &known, cx));
    Guide {
        id: raw.id,
        product: raw.product,
        topics: raw.topics,
        title: text(raw.title),
        about: text(raw.about),
        symptoms: raw.symptoms,
        conclusions,
        observations: observations.collect(),
        nothing: text(raw.nothing),
        references: references(raw.references),
    }
}

fn conclusion(id: String, raw: RawConclusion, cx: &mut Cx<'_>) -> Conclusion {
    let place = ["conclusions", &id];
    match (&raw.guide, &raw.collect) {
        (None, None) => cx.refuse(&place, "a conclusion says what to collect to prove it"),
        (Some(_), Some(_)) => cx.refuse(&place, "what another guide goes on with is not collected"),
        _ => {}
    }
    if raw.faults.is_empty() && raw.guide.is_none() && raw.title.is_none() {
        cx.refuse(&place, "a conclusion has faults, a guide or a title");
    }
    Conclusion {
        id,
        faults: raw.faults,
        guide: raw.guide,
        title: raw.title.map(text),
        collect: raw.collect.map(text),
        runbook: raw.runbook,
    }
}

fn observation(id: String, raw: RawObservation, known: &[String], cx: &mut Cx<'_>) -> Observation {
    let place = ["observations", id.as_str()];
    if raw.run.is_some() != raw.dialect.is_some() {
        cx.refuse(&place, "'run' and 'dialect' go together");
    }
    if raw.answers.0.is_empty() {
        cx.refuse(&place, "an observation without answers tells nothing");
    }
    if !raw.decides.is_empty() && raw.seen.is_none() {
        cx.refuse(
            &place,
            "'decides' needs 'seen', which shows that it was made",
        );
    }
    conclusions_known(&place, &raw.decides, known, cx);
    for line in raw.run.iter().chain(&raw.page).chain(&raw.file) {
        super::remedies::check_command("observations", line, cx);
    }
    let choices = raw.answers.0.into_iter();
    let choices = choices.map(|(answer, raw)| choice(&id, answer, raw, known, cx));
    let choices = choices.collect();
    Observation {
        ask: text(raw.ask),
        run: raw.run,
        dialect: raw.dialect,
        page: raw.page,
        file: raw.file,
        on: raw.on,
        takes: span(&raw.takes, cx),
        cost: raw.cost,
        read: raw.read.map(text),
        warning: raw.warning.map(text),
        seen: raw.seen.and_then(|raw| seen(&id, raw, cx)),
        decides: raw.decides,
        choices,
        id,
    }
}

fn choice(
    observation: &str,
    id: String,
    raw: RawChoice,
    known: &[String],
    cx: &mut Cx<'_>,
) -> Choice {
    let place = [observation, id.as_str()];
    conclusions_known(&place, &raw.supports, known, cx);
    if FLAGS.contains(&id.to_lowercase().as_str()) {
        let message =
            format!("'{id}' is no name for an answer: in an answers file it would be no word");
        cx.refuse(&place, message);
    }
    let rest = raw.excludes.iter().any(|name| name == REST);
    let named: Vec<String> = raw.excludes.into_iter().filter(|n| n != REST).collect();
    conclusions_known(&place, &named, known, cx);
    let both = |name: &&String| raw.supports.contains(name);
    if let Some(name) = named.iter().find(both) {
        cx.refuse(&place, format!("it supports '{name}' and excludes it"));
    }
    let others = known.iter().filter(|name| !raw.supports.contains(name));
    Choice {
        say: text(raw.say),
        excludes: match rest {
            true => others.cloned().collect(),
            false => named,
        },
        supports: raw.supports,
        shown: raw.shown.and_then(|raw| expect(&place, raw, cx)),
        id,
    }
}

fn conclusions_known(place: &[&str], names: &[String], known: &[String], cx: &mut Cx<'_>) {
    for name in names.iter().filter(|name| !known.contains(name)) {
        let place: Vec<&str> = place.iter().copied().chain([name.as_str()]).collect();
        cx.refuse_near(
            &place,
            format!("the guide has no conclusion '{name}'"),
            near(name, known.iter().map(String::as_str)),
        );
    }
}

fn seen(id: &str, raw: RawSeen, cx: &mut Cx<'_>) -> Option<Seen> {
    let (_, def) = signals::find_format(&raw.format, &[id, "seen", "format"], cx)?;
    if let Some(field) = &raw.distinct {
        signals::check_field(field, def, &[id, "distinct", field], cx);
    }
    if raw.every && raw.distinct.is_none() {
        let message = "'every' needs 'distinct': the field that tells one node from another";
        cx.refuse(&[id, "seen", "every"], message);
    }
    let expected = RawExpect {
        format: raw.format,
        conditions: raw.conditions,
        holds: Holds::Any,
    };
    let record = expect(&[id, "seen"], expected, cx)?;
    Some(Seen {
        record,
        distinct: raw.distinct,
        least: raw.least.map_or(1, usize::from).max(1),
        every: raw.every,
    })
}

fn expect(place: &[&str], raw: RawExpect, cx: &mut Cx<'_>) -> Option<Expect> {
    let (format, def) = signals::find_format(&raw.format, place, cx)?;
    let condition = signals::conditions(raw.conditions, def, place, cx);
    Some(Expect {
        format,
        written: condition::written(&condition),
        condition,
        holds: raw.holds,
    })
}

/// A span of time in milliseconds.
fn span(written: &str, cx: &mut Cx<'_>) -> u64 {
    let micros = parse_span(written);
    if micros.is_none() {
        let message = format!("'{written}' is not a time span such as 30s, 10m or 2h");
        cx.refuse(&["takes", written], message);
    }
    micros.map_or(0, |micros| u64::try_from(micros / MILLISECOND).unwrap_or(0))
}

/// Compiles a runbook.
pub(super) fn runbook(raw: RawRunbook, cx: &mut Cx<'_>) -> Runbook {
    let steps = raw.steps.0.into_iter();
    let steps = steps.map(|(id, raw)| step(id, raw, cx)).collect::<Vec<_>>();
    if steps.is_empty() {
        cx.refuse(&["steps"], "a runbook has steps");
    }
    Runbook {
        id: raw.id,
        product: raw.product,
        topics: raw.topics,
        title: text(raw.title),
        about: text(raw.about),
        dialect: raw.dialect,
        risk: raw.risk,
        before: raw.before.into_iter().map(text).collect(),
        steps,
        references: references(raw.references),
        disputed: raw.disputed.map(text),
    }
}

fn step(id: String, raw: RawRunbookStep, cx: &mut Cx<'_>) -> RunbookStep {
    let run = raw.run.into_vec();
    if raw.check.is_some() == raw.no_check.is_some() {
        let message = "a step has a 'check', or says in 'no_check' why nothing shows its effect";
        cx.refuse(&["steps", &id], message);
    }
    for line in run.iter().chain(&raw.page) {
        super::remedies::check_command("steps", line, cx);
    }
    RunbookStep {
        text: text(raw.text),
        on: raw.on,
        run,
        page: raw.page,
        takes: raw.takes.map(|written| span(&written, cx)),
        warning: raw.warning.map(text),
        check: raw.check.map(|raw| check(&id, raw, cx)),
        no_check: raw.no_check.map(text),
        id,
    }
}

fn check(id: &str, raw: RawRunbookCheck, cx: &mut Cx<'_>) -> Check {
    if raw.expect.is_some() && raw.run.is_none() && raw.page.is_none() {
        cx.refuse(&[id, "check"], "'expect' needs a command or a page to read");
    }
    for line in raw.run.iter().chain(&raw.page) {
        super::remedies::check_command("check", line, cx);
    }
    Check {
        see: text(raw.see),
        run: raw.run,
        page: raw.page,
        expect: raw.expect.and_then(|raw| expect(&[id, "expect"], raw, cx)),
    }
}

/// What guides and runbooks name has to exist: faults, guides, runbooks, dialects and commands.
pub(super) fn check_references(catalog: &Catalog, files: &[RuleFile], problems: &mut Vec<Problem>) {
    let mut names = Names {
        catalog,
        files,
        problems,
    };
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    for guide in &catalog.guides {
        names.of_guide(guide, &mut asked);
    }
    for runbook in &catalog.runbooks {
        names.of_runbook(runbook);
    }
    names.of_topics();
}

struct Names<'c, 'p> {
    catalog: &'c Catalog,
    files: &'c [RuleFile],
    problems: &'p mut Vec<Problem>,
}

impl<'c> Names<'c, '_> {
    fn of_guide(&mut self, guide: &'c Guide, asked: &mut BTreeSet<&'c str>) {
        let (id, catalog) = (guide.id.as_str(), self.catalog);
        let proving = guide.conclusions.iter().flat_map(|one| &one.faults);
        for fault in proving.chain(&guide.symptoms) {
            let known = catalog.faults.iter().map(|f| f.id.as_str());
            self.exists(id, "fault", fault, known);
        }
        for conclusion in &guide.conclusions {
            if let Some(name) = &conclusion.guide {
                let known = catalog.guides.iter().map(|g| g.id.as_str());
                self.exists(id, "guide", name, known.filter(|known| *known != id));
            }
            if let Some(name) = &conclusion.runbook {
                let known = catalog.runbooks.iter().map(|r| r.id.as_str());
                self.exists(id, "runbook", name, known);
            }
        }
        for seen in &guide.observations {
            if !asked.insert(&seen.id) {
                let message = format!("another guide has an observation '{}'", seen.id);
                self.refuse(id, &seen.id, message, Vec::new());
            }
            if let (Some(run), Some(name)) = (&seen.run, &seen.dialect) {
                self.reads(id, name, run);
            }
        }
    }

    fn of_runbook(&mut self, runbook: &Runbook) {
        let id = runbook.id.as_str();
        let commands = runbook.steps.iter().flat_map(|step| &step.run);
        let looks = runbook.steps.iter().filter_map(|step| step.check.as_ref());
        let looks = looks.filter_map(|check| check.run.as_ref());
        let Some(name) = &runbook.dialect else {
            for command in commands.chain(looks) {
                let message = format!("'{command}' needs the 'dialect' that it belongs to");
                self.refuse(id, command, message, Vec::new());
            }
            return;
        };
        for command in looks {
            self.reads(id, name, command);
        }
        for command in commands {
            let Some(dialect) = self.dialect(id, name) else {
                return;
            };
            if !dialect.knows(command) {
                let known = dialect.reads.iter().chain(&dialect.verbs);
                let known = known.chain(&dialect.by_hand).map(String::as_str);
                let message = format!("'{command}' is no command of dialect '{name}'");
                self.refuse(id, command, message, near(command, known));
            }
        }
    }

    /// A command that somebody runs to look at something.
    fn reads(&mut self, id: &str, dialect: &str, command: &str) {
        let Some(known) = self.dialect(id, dialect) else {
            return;
        };
        if !known.only_reads(command) {
            let message = format!("'{command}' is none of the 'reads' of '{dialect}'");
            let names = near(command, known.reads.iter().map(String::as_str));
            self.refuse(id, command, message, names);
        }
    }

    fn dialect(&mut self, id: &str, name: &str) -> Option<&'c Dialect> {
        let catalog = self.catalog;
        let known = catalog.dialects.iter().map(|dialect| dialect.id.as_str());
        self.exists(id, "dialect", name, known);
        catalog.dialects.iter().find(|dialect| dialect.id == name)
    }

    /// A name on the command line means one thing.
    fn of_topics(&mut self) {
        let catalog = self.catalog;
        let guides = catalog.guides.iter().map(|g| (&g.id, &g.topics));
        let runbooks = catalog.runbooks.iter().map(|r| (&r.id, &r.topics));
        let mut seen = BTreeSet::new();
        for (id, topics) in guides.chain(runbooks) {
            for topic in topics {
                if !seen.insert(topic.to_lowercase()) {
                    let message = format!("the topic '{topic}' belongs to another one as well");
                    self.refuse(id, topic, message, Vec::new());
                }
            }
        }
    }

    fn exists<'n>(
        &mut self,
        owner: &str,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'n str> + Clone,
    ) {
        if !known.clone().any(|known| known == name) {
            let message = format!("unknown {what} '{name}'");
            self.refuse(owner, name, message, near(name, known));
        }
    }

    fn refuse(&mut self, owner: &str, word: &str, message: String, near: Vec<String>) {
        let own = |file: &&RuleFile| file.text.contains(&format!("id: {owner}\n"));
        let file = self.files.iter().find(own);
        let mut problem = Problem::new(file.map_or(owner, |file| &file.path), message);
        if let Some((line, column)) = file.and_then(|file| yaml::locate(&file.text, &[word])) {
            (problem.line, problem.column) = (Some(line), Some(column));
        }
        problem.near = near;
        self.problems.push(problem);
    }
}
