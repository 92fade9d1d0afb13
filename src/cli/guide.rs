//! `clusterdx guide`: leads from a symptom to its cause, or through a procedure.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::catalog::guide::{Guide, Runbook};
use crate::catalog::text::Lang;
use crate::catalog::{Catalog, Problem, yaml};
use crate::guide::answers::{self, Answers};
use crate::locale::Locale;

use super::args::GuideArgs;
use super::failure::{Failure, Trouble, did_you_mean};
use super::inventory::{self, Loaded};
use super::near::near;
use super::{Exit, ask, diagnose, interrupt, print, say, settings};

mod asker;
mod evidence;
mod lead;
mod menu;
mod node;
mod page;
mod steps;

use asker::{Asker, File, Person};
use evidence::Evidence;

/// The topic of the guide that begins with a symptom.
const FIRST: &str = "start";

/// Largest answers file.
const LARGEST: u64 = 1 << 20;

/// What everything here needs.
struct Cx<'c> {
    catalog: &'c Catalog,
    locale: &'c Locale,
    lang: Lang,
    args: &'c GuideArgs,
    inventory: Option<Loaded>,
    /// Ctrl-C while something is read or run.
    stop: Arc<AtomicBool>,
}

/// What is gone through.
#[derive(Clone, Copy)]
enum Topic<'c> {
    Guide(&'c Guide),
    Runbook(&'c Runbook),
}

impl Topic<'_> {
    fn id(&self) -> &str {
        match self {
            Self::Guide(guide) => &guide.id,
            Self::Runbook(runbook) => &runbook.id,
        }
    }
}

/// Finds the topic, then asks and tells.
pub(super) fn run(args: &GuideArgs) -> Result<Exit, Failure> {
    let catalog = diagnose::catalog(&args.knowledge)?;
    let lang = settings::language(args.knowledge.lang);
    let locale = settings::locale(&catalog, lang);
    if args.topic.as_deref() == Some("list") && args.paths.is_empty() {
        print(page::topics(&catalog, &locale, lang).as_bytes())?;
        return Ok(Exit::Clean);
    }
    // a misspelt name is told wherever this runs
    let nothing =
        |name: &&str| *name != "-" && find(&catalog, name).is_none() && !Path::new(name).exists();
    if let Some(name) = args.topic.as_deref().filter(nothing) {
        return Err(unknown(&catalog, name).into());
    }
    let answers = args.answers.as_deref().map(read_answers).transpose()?;
    if answers.is_none() && !ask::is_possible() {
        return Err(Trouble::new("there is nobody to ask")
            .cause("standard input is no terminal")
            .help("run it on a terminal, or give the answers by '--answers FILE'")
            .help("'clusterdx guide list' lists the topics")
            .into());
    }
    if args.paths.iter().chain(&args.topic).any(|path| path == "-") {
        return Err(Trouble::new("standard input cannot be evidence here")
            .cause("it is where answers come from")
            .help("write it to a file and give that")
            .into());
    }
    let cx = Cx {
        catalog: &catalog,
        locale: &locale,
        lang,
        args,
        inventory: args.inventory.as_deref().map(inventory::load).transpose()?,
        stop: interrupt::first(|| {
            say("interrupted: this is being finished; Ctrl-C again ends at once");
        }),
    };
    let (topic, paths) = match chosen(&cx, answers.as_ref())? {
        Ok(chosen) => chosen,
        Err(exit) => return Ok(exit),
    };
    let mut asker: Box<dyn Asker> = match (answers, &args.answers) {
        (Some((answers, text)), Some(path)) => {
            checked(&catalog, topic, &answers, path, &text)?;
            Box::new(File::new(answers, path))
        }
        _ => Box::new(Person),
    };
    let mut evidence = Evidence::new(&cx, paths)?;
    match topic {
        Topic::Guide(guide) => lead::run(&cx, guide, &mut evidence, asker.as_mut()),
        Topic::Runbook(runbook) => steps::run(&cx, runbook, asker.as_mut()),
    }
}

type Chosen<'c> = (Topic<'c>, Vec<String>);

/// The topic and the evidence. A first word that is no topic but is there as a file is evidence.
fn chosen<'c>(
    cx: &Cx<'c>,
    answers: Option<&(Answers, String)>,
) -> Result<Result<Chosen<'c>, Exit>, Failure> {
    let (catalog, args) = (cx.catalog, cx.args);
    let named = answers.and_then(|(answers, _)| answers.topic.as_deref());
    let mut paths = args.paths.clone();
    let of = |name: &str| find(catalog, name).ok_or_else(|| unknown(catalog, name));
    let named = named.map(of).transpose()?;
    let asked = args.topic.as_deref();
    let asked_topic = asked.and_then(|name| find(catalog, name));
    if let (Some(name), None) = (asked, asked_topic) {
        paths.insert(0, name.to_owned());
    }
    if let (Some(asked), Some(named)) = (asked_topic, named)
        && asked.id() != named.id()
    {
        return Err(Trouble::new("the answers are for another topic")
            .cause(format!(
                "they say '{}', you say '{}'",
                named.id(),
                asked.id()
            ))
            .help("leave one of the two out")
            .into());
    }
    let leading = || find(catalog, FIRST);
    let none = || Trouble::new("the rules hold no guide to begin with");
    match asked_topic.or(named) {
        Some(topic) => Ok(Ok((topic, paths))),
        None if answers.is_some() || asked.is_some() => {
            Ok(Ok((leading().ok_or_else(none)?, paths)))
        }
        None => Ok(pick(cx).map(|topic| (topic, paths))),
    }
}

/// What `explain` says of a guide or a runbook: all of it, without asking.
pub(super) fn explained(
    catalog: &Catalog,
    locale: &Locale,
    lang: Lang,
    name: &str,
) -> Option<String> {
    let topic = find(catalog, name)?;
    Some(page::explained(topic, catalog, locale, lang))
}

/// Lists the topics and asks for one.
fn pick<'c>(cx: &Cx<'c>) -> Result<Topic<'c>, Exit> {
    let all = page::sorted(cx.catalog);
    let items: Vec<String> = all
        .iter()
        .map(|topic| match topic {
            Topic::Guide(guide) => guide.title.get(cx.lang).to_owned(),
            Topic::Runbook(runbook) => runbook.title.get(cx.lang).to_owned(),
        })
        .collect();
    let items: Vec<menu::Item> = items
        .iter()
        .map(|text| menu::Item::numbered(text))
        .collect();
    menu::tell(&format!("{}\n", cx.locale.word("guide.which")));
    match menu::choose(cx.locale, &items) {
        menu::Chosen::Item(at) => all.get(at).copied().ok_or(Exit::Declined),
        menu::Chosen::Interrupted => Err(Exit::Interrupted),
        menu::Chosen::Back | menu::Chosen::Ended => Err(Exit::Declined),
    }
}

fn find<'c>(catalog: &'c Catalog, name: &str) -> Option<Topic<'c>> {
    let guide = catalog.guides.iter().find(|guide| guide.is(name));
    let runbook = || catalog.runbooks.iter().find(|runbook| runbook.is(name));
    (guide.map(Topic::Guide)).or_else(|| runbook().map(Topic::Runbook))
}

fn unknown(catalog: &Catalog, name: &str) -> Trouble {
    let trouble = Trouble::new(format!("there is no topic and no file '{name}'"));
    let guides = catalog.guides.iter().map(|g| (&g.id, &g.topics));
    let runbooks = catalog.runbooks.iter().map(|r| (&r.id, &r.topics));
    let known = guides.chain(runbooks);
    let known = known.flat_map(|(id, topics)| topics.iter().chain([id]).map(String::as_str));
    let names = near(name, known);
    let trouble = match names.is_empty() {
        true => trouble,
        false => trouble.help(did_you_mean(&names)),
    };
    trouble.help("'clusterdx guide list' lists the topics")
}

/// The answers and the text they stand in.
fn read_answers(path: &Path) -> Result<(Answers, String), Failure> {
    use std::io::Read as _;
    let name = path.display().to_string();
    let read = || {
        let mut text = String::new();
        std::fs::File::open(path)?
            .take(LARGEST)
            .read_to_string(&mut text)?;
        Ok::<String, std::io::Error>(text)
    };
    let text = read().map_err(|error| {
        Trouble::new(format!("cannot read the answers '{name}'")).because(&error)
    })?;
    let answers: Answers = yaml::read(&name, &text).map_err(|problem| wrong(&[problem]))?;
    Ok((answers, text))
}

/// Refuses answers that nothing asks for, and those that are none.
fn checked(
    catalog: &Catalog,
    topic: Topic<'_>,
    answers: &Answers,
    path: &Path,
    text: &str,
) -> Result<(), Failure> {
    let mistakes = match topic {
        Topic::Guide(guide) => {
            let guides = answers::reachable(catalog, guide);
            answers::check(answers, &guides, None)
        }
        Topic::Runbook(runbook) => {
            let steps: Vec<&str> = runbook.steps.iter().map(|step| step.id.as_str()).collect();
            answers::check(answers, &[], Some(&steps))
        }
    };
    let problem = |mistake: answers::Mistake| {
        let words: Vec<&str> = mistake.at.iter().map(String::as_str).collect();
        let words = [vec!["answers"], words].concat();
        let place = yaml::locate(text, &words);
        let wanted = mistake.at.last().map_or("", String::as_str);
        let close = near(wanted, mistake.allowed.iter().map(String::as_str));
        Problem {
            file: path.display().to_string(),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            message: match mistake.allowed.len() {
                1..=12 => format!(
                    "{}; it takes {}",
                    mistake.message,
                    mistake.allowed.join(", ")
                ),
                _ => mistake.message,
            },
            near: close,
        }
    };
    let problems: Vec<Problem> = mistakes.into_iter().map(problem).collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(wrong(&problems)),
    }
}

/// Mistakes in an answers file, each with its place.
fn wrong(problems: &[Problem]) -> Failure {
    let trouble = |problem: &Problem| {
        let trouble = Trouble::new(problem.to_string());
        match problem.near.is_empty() {
            true => trouble,
            false => trouble.help(did_you_mean(&problem.near)),
        }
    };
    problems.iter().map(trouble).collect::<Vec<_>>().into()
}
