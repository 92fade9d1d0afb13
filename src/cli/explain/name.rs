//! A name of a product on a page of its own: an alarm, a state, a reason.

use crate::catalog::{Catalog, Name, NameKind, Remedy};
use crate::report::paint::Tint;
use crate::report::sanitize;

use super::{Page, same};

impl Page<'_> {
    /// A fault of its own tells what to do.
    fn is_fault(&self, name: &Name) -> bool {
        let known = |known: &String| same(known, &name.name);
        let mut faults = self.catalog.faults.iter();
        faults.any(|fault| fault.known_as.iter().any(known))
    }

    /// Whether the program sends a command, and what for.
    fn use_of(&mut self, command: &str) {
        let dialects = &self.catalog.dialects;
        let text = if dialects.iter().any(|dialect| dialect.only_reads(command)) {
            self.locale.word("explain.command.reads").to_owned()
        } else {
            let begins = |run: &String| run.to_lowercase().starts_with(&command.to_lowercase());
            let sends = |remedy: &&Remedy| {
                let mut steps = remedy.all_steps();
                steps.any(|step| step.run.iter().any(begins))
            };
            let remedies = self.catalog.remedies.iter().filter(sends);
            let remedies: Vec<&str> = remedies.map(|remedy| remedy.id.as_str()).collect();
            match remedies.is_empty() {
                true => self.locale.word("explain.command.never").to_owned(),
                false => {
                    let remedies = remedies.join(", ");
                    let values = [("remedies", remedies.as_str())];
                    self.locale.fill("explain.command.sent", &values)
                }
            }
        };
        self.heading("explain.command.use");
        self.prose(2, &text);
    }

    pub(super) fn name(&mut self, name: &Name) {
        let heading = self.paint(&sanitize::line(&name.name), Tint::Bold);
        self.line(0, &heading);
        let product = self
            .locale
            .word(&format!("product.{}", name.product.as_str()))
            .to_owned();
        let level = name
            .level
            .map(|level| self.locale.word(&format!("level.{level}")).to_owned());
        let told = match (&name.facility, level, name.level) {
            (Some(facility), Some(word), Some(number)) => {
                let facility = sanitize::line(facility);
                let values = [
                    ("product", product.as_str()),
                    ("facility", &facility),
                    ("number", &number.to_string()),
                    ("word", &word),
                ];
                self.locale.fill("explain.name.alarm_of", &values)
            }
            _ => self.locale.fill(about(name.is), &[("product", &product)]),
        };
        self.line(0, &told);
        if !name.known_as.is_empty() {
            let names = self
                .locale
                .fill("explain.also", &[("names", &name.known_as.join(", "))]);
            self.prose(0, &names);
        }
        if let Some(title) = &name.title {
            self.out.push('\n');
            self.prose(0, title);
        }
        self.section("explain.meaning", name.meaning.as_ref());
        if name.is == NameKind::Command {
            self.use_of(&name.name);
        }
        match &name.advice {
            Some(advice) => self.section("explain.advice", Some(advice)),
            None if name.is == NameKind::Alarm && !self.is_fault(name) => {
                self.heading("explain.advice");
                let page = self.locale.word("explain.name.page").to_owned();
                self.prose(2, &page);
            }
            None => {}
        }
    }
}

/// The command that a command line begins with, whatever values stand behind it.
pub(super) fn command<'c>(catalog: &'c Catalog, line: &str) -> Option<&'c Name> {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = words(line).to_lowercase();
    let begins = |known: &str| {
        let rest = line.strip_prefix(&words(known).to_lowercase())?;
        rest.starts_with([' ', ':']).then_some(known.len())
    };
    let commands = catalog
        .names
        .iter()
        .filter(|name| name.is == NameKind::Command);
    let fitting = commands.filter_map(|name| {
        let all = std::iter::once(&name.name).chain(&name.known_as);
        Some((all.filter_map(|known| begins(known)).max()?, name))
    });
    let longest = fitting.max_by_key(|(length, _)| *length);
    longest.map(|(_, name)| name)
}

fn about(kind: NameKind) -> &'static str {
    match kind {
        NameKind::Alarm => "explain.name.alarm",
        NameKind::State => "explain.name.state",
        NameKind::Reason => "explain.name.reason",
        NameKind::Command => "explain.name.command",
        NameKind::Term => "explain.name.term",
    }
}
