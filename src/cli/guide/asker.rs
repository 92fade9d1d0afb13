//! Who answers: a person at the terminal, or a file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::guide::answers::{Answer, Answers, Brought, UNKNOWN};
use crate::locale::Locale;

use super::super::failure::{Failure, Trouble};
use super::menu::{self, Chosen, Item, Typed};

/// A question with closed answers.
pub(super) struct Question<'q> {
    /// Its name in answers files.
    pub(super) name: &'q str,
    /// What is shown above the answers.
    pub(super) text: String,
    /// Names of the closed answers, and their words.
    pub(super) choices: Vec<(&'q str, String)>,
    /// Pasted output and files are answers, too.
    pub(super) takes_evidence: bool,
    /// Not knowing is an answer.
    pub(super) takes_unknown: bool,
    /// Nodes of the inventory on which the command can be run.
    pub(super) nodes: Vec<String>,
    /// Something can be taken back.
    pub(super) can_go_back: bool,
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The name of a closed answer.
    Choice(String),
    Unknown,
    /// Pasted text.
    Text(String),
    /// A path to evidence.
    Path(String),
    /// The command is to be run on this node.
    Run(String),
    Back,
    Stop,
    Interrupted,
}

/// Whoever answers.
pub(super) trait Asker {
    /// Asks.
    ///
    /// # Errors
    /// The one who answers has no answer.
    fn ask(&mut self, question: &Question<'_>, locale: &Locale) -> Result<Said, Failure>;

    /// Tells something that is no question.
    fn tell(&self, text: &str);

    /// True for a command that is about to be run on a node.
    fn agrees(&mut self, question: &str, locale: &Locale) -> bool;
}

/// The person at the terminal.
pub(super) struct Person;

impl Asker for Person {
    fn ask(&mut self, question: &Question<'_>, locale: &Locale) -> Result<Said, Failure> {
        let mut items: Vec<Item> = Vec::new();
        let mut meant: Vec<Said> = Vec::new();
        for (id, text) in &question.choices {
            items.push(Item::numbered(text));
            meant.push(Said::Choice((*id).to_owned()));
        }
        let mut offer = |letter: char, key: &str, said: Said| {
            items.push(Item::lettered(letter, locale.word(key).to_owned()));
            meant.push(said);
        };
        if question.takes_evidence {
            offer('p', "guide.option.paste", Said::Text(String::new()));
            offer('f', "guide.option.file", Said::Path(String::new()));
        }
        if !question.nodes.is_empty() {
            offer('r', "guide.option.run", Said::Run(String::new()));
        }
        if question.takes_unknown {
            offer('u', "guide.option.unknown", Said::Unknown);
        }
        if question.can_go_back {
            offer('b', "guide.option.back", Said::Back);
        }
        offer('q', "guide.option.stop", Said::Stop);
        menu::tell(&question.text);
        loop {
            let chosen = match menu::choose(locale, &items) {
                Chosen::Item(at) => meant.get(at).cloned().unwrap_or(Said::Unknown),
                Chosen::Back if question.can_go_back => Said::Back,
                Chosen::Back => continue,
                Chosen::Ended => Said::Stop,
                Chosen::Interrupted => Said::Interrupted,
            };
            let said = match chosen {
                Said::Text(_) => entered(menu::paste(locale), Said::Text, locale),
                Said::Path(_) => entered(
                    menu::line(locale.word("guide.file.how")),
                    |path| Said::Path(unquoted(&path)),
                    locale,
                ),
                Said::Run(_) => node(&question.nodes, locale),
                other => Some(other),
            };
            if let Some(said) = said {
                return Ok(said);
            }
        }
    }

    fn tell(&self, text: &str) {
        menu::tell(text);
    }

    fn agrees(&mut self, question: &str, locale: &Locale) -> bool {
        menu::tell(question);
        let words = ["guide.yes", "guide.no"];
        let items = words.map(|key| Item::numbered(locale.word(key)));
        menu::choose(locale, &items) == Chosen::Item(0)
    }
}

/// What was entered; nothing when the person thought better of it.
fn entered(typed: Typed, said: impl Fn(String) -> Said, locale: &Locale) -> Option<Said> {
    match typed {
        Typed::Text(text) if text.trim().is_empty() => None,
        Typed::Text(text) => Some(said(text)),
        Typed::Back => None,
        Typed::Interrupted => Some(Said::Interrupted),
        Typed::TooMuch => {
            menu::tell(&format!("{}\n", locale.word("guide.too_much")));
            None
        }
    }
}

/// A path as it was meant: file managers and shells quote those that have blanks.
fn unquoted(path: &str) -> String {
    let inside = |quote: char| path.strip_prefix(quote)?.strip_suffix(quote);
    let inside = inside('\'').or_else(|| inside('"'));
    inside.unwrap_or(path).to_owned()
}

/// One of several nodes.
fn node(nodes: &[String], locale: &Locale) -> Option<Said> {
    if let [one] = nodes {
        return Some(Said::Run(one.clone()));
    }
    menu::tell(&format!("{}\n", locale.word("guide.node.which")));
    let items: Vec<Item> = nodes.iter().map(|name| Item::numbered(name)).collect();
    match menu::choose(locale, &items) {
        Chosen::Item(at) => nodes.get(at).cloned().map(Said::Run),
        Chosen::Back | Chosen::Ended => None,
        Chosen::Interrupted => Some(Said::Interrupted),
    }
}

/// An answers file. It is never waited for.
pub(super) struct File {
    answers: Answers,
    name: String,
    folder: PathBuf,
    /// Evidence that was given already: asked again, the closed answer follows.
    brought: BTreeSet<String>,
}

impl File {
    pub(super) fn new(answers: Answers, path: &Path) -> Self {
        Self {
            answers,
            name: path.display().to_string(),
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            brought: BTreeSet::new(),
        }
    }

    fn evidence(&self, brought: &Brought) -> Said {
        let path = |file: &String| self.folder.join(file).display().to_string();
        match (&brought.file, &brought.text, &brought.run) {
            (Some(file), ..) => Said::Path(path(file)),
            (_, Some(text), _) => Said::Text(text.clone()),
            (.., Some(node)) => Said::Run(node.clone()),
            _ => Said::Unknown,
        }
    }
}

impl Asker for File {
    fn ask(&mut self, question: &Question<'_>, _: &Locale) -> Result<Said, Failure> {
        let choice = |word: &String| match word.as_str() {
            UNKNOWN => Said::Unknown,
            _ => Said::Choice(word.clone()),
        };
        match self.answers.answers.get(question.name) {
            Some(Answer::Choice(word)) => Ok(choice(word)),
            Some(Answer::Evidence(brought)) => {
                if self.brought.insert(question.name.to_owned()) {
                    return Ok(self.evidence(brought));
                }
                Ok(brought.answer.as_ref().map_or(Said::Unknown, choice))
            }
            None => {
                let words = question.choices.iter().map(|(id, _)| *id);
                let unknown = question.takes_unknown.then_some(UNKNOWN);
                let words: Vec<&str> = words.chain(unknown).collect();
                Err(Trouble::new(format!("the answers do not say '{}'", question.name))
                    .cause(format!("'{}' is asked and not among them", question.name))
                    .help(format!(
                        "add '{}: …' below 'answers' in '{}': one of {}, or evidence by 'file', 'text' or 'run'",
                        question.name,
                        self.name,
                        words.join(", ")
                    ))
                    .into())
            }
        }
    }

    fn tell(&self, _: &str) {}

    fn agrees(&mut self, _: &str, _: &Locale) -> bool {
        // who wrote `run` into the file has agreed
        true
    }
}
