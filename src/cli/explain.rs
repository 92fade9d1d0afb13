//! `clusterdx explain`: what the catalog knows about a name.

use std::collections::BTreeSet;

use crate::catalog::text::{self, Lang, Text};
use crate::catalog::{Alarm, Catalog, Fault, Name, Remedy};
use crate::locale::Locale;
use crate::model::report::Severity;
use crate::report::paint::{Tint, paint};
use crate::report::{layout, sanitize};

use super::args::ExplainArgs;
use super::failure::{Failure, did_you_mean};
use super::near::near;
use super::{Exit, diagnose, guide, print, say, settings};

mod name;

/// Entries that a name fits; more than this many are listed, not explained.
const FULL: usize = 3;
/// Entries listed.
const LISTED: usize = 50;
/// Widest text that still reads well.
const PROSE: usize = 100;

/// Looks a name up and prints what is known about it.
pub(super) fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let catalog = diagnose::catalog(&args.knowledge)?;
    let lang = settings::language(args.knowledge.lang);
    let text = args.text.join(" ");
    let wanted = text.trim();
    let locale = settings::locale(&catalog, lang);
    let mut page = Page {
        catalog: &catalog,
        locale: &locale,
        lang,
        width: settings::width().clamp(40, PROSE),
        colour: settings::colour(),
        out: String::new(),
    };
    let exact = exact(&catalog, wanted);
    if exact.is_empty()
        && let Some(text) = guide::explained(&catalog, &locale, lang, wanted)
    {
        print(text.as_bytes())?;
        return Ok(Exit::Clean);
    }
    let found = if exact.is_empty() {
        partial(&catalog, wanted, lang)
    } else {
        exact
    };
    match found.as_slice() {
        [] => {
            say(&unknown(&catalog, wanted, lang));
            return Ok(Exit::Found);
        }
        few if few.len() <= FULL
            && (few.len() == 1 || few.iter().all(|entry| entry.answers_to(wanted))) =>
        {
            for (at, entry) in few.iter().enumerate() {
                if at > 0 {
                    page.out.push('\n');
                }
                match entry {
                    Entry::Fault(fault) => page.fault(fault),
                    Entry::Remedy(remedy) => page.remedy(remedy),
                    Entry::Alarm(alarm) => page.alarm(alarm),
                    Entry::Name(name) => page.name(name),
                }
            }
        }
        many => page.list(wanted, many),
    }
    print(page.out.as_bytes())?;
    Ok(Exit::Clean)
}

fn unknown(catalog: &Catalog, wanted: &str, lang: Lang) -> String {
    let ids = catalog.faults.iter().flat_map(|fault| {
        std::iter::once(fault.id.as_str())
            .chain(fault.known_as.iter().map(String::as_str))
            .chain([fault.title.get(lang)])
    });
    let names = near(
        wanted,
        ids.chain(catalog.remedies.iter().map(|remedy| remedy.id.as_str()))
            .chain(catalog.names.iter().map(|name| name.name.as_str())),
    );
    let help = if names.is_empty() {
        "'clusterdx rules list' lists what is known".to_owned()
    } else {
        did_you_mean(&names)
    };
    format!(
        "error: nothing is known about '{}'\n  help: {}",
        sanitize::line(wanted),
        sanitize::line(&help)
    )
}

#[derive(Clone, Copy)]
enum Entry<'c> {
    Fault(&'c Fault),
    Remedy(&'c Remedy),
    Alarm(&'c Alarm),
    Name(&'c Name),
}

impl Entry<'_> {
    fn answers_to(&self, name: &str) -> bool {
        match self {
            Self::Fault(fault) => {
                same(&fault.id, name) || fault.known_as.iter().any(|known| same(known, name))
            }
            Self::Remedy(remedy) => same(&remedy.id, name),
            Self::Alarm(alarm) => alarm.id.to_string() == name || same(&alarm.title, name),
            Self::Name(known) => {
                same(&known.name, name) || known.known_as.iter().any(|known| same(known, name))
            }
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

fn entries(catalog: &Catalog) -> impl Iterator<Item = Entry<'_>> {
    catalog
        .faults
        .iter()
        .map(Entry::Fault)
        .chain(catalog.remedies.iter().map(Entry::Remedy))
        .chain(other_alarms(catalog).map(Entry::Alarm))
        .chain(catalog.names.iter().map(Entry::Name))
}

/// Alarms that no fault explains under their number.
fn other_alarms(catalog: &Catalog) -> impl Iterator<Item = &Alarm> {
    let explained: BTreeSet<&str> = catalog
        .faults
        .iter()
        .flat_map(|fault| fault.known_as.iter().map(String::as_str))
        .collect();
    catalog
        .alarms
        .iter()
        .filter(move |alarm| !explained.contains(alarm.id.to_string().as_str()))
}

/// Entries with this id or name. An id wins over the other names.
fn exact<'c>(catalog: &'c Catalog, name: &str) -> Vec<Entry<'c>> {
    let by_id = |entry: &Entry<'_>| match entry {
        Entry::Fault(fault) => same(&fault.id, name),
        Entry::Remedy(remedy) => same(&remedy.id, name),
        Entry::Alarm(alarm) => alarm.id.to_string() == name,
        // a fault that is known by the same name is told as well
        Entry::Name(_) => false,
    };
    if let Some(entry) = entries(catalog).find(by_id) {
        return vec![entry];
    }
    let named: Vec<Entry<'_>> = entries(catalog)
        .filter(|entry| entry.answers_to(name))
        .collect();
    if named.is_empty() {
        return name::command(catalog, name)
            .map(Entry::Name)
            .into_iter()
            .collect();
    }
    named
}

/// Entries whose id, names or titles hold every word of a text.
fn partial<'c>(catalog: &'c Catalog, text: &str, lang: Lang) -> Vec<Entry<'c>> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return Vec::new();
    }
    let fits = |hay: &str| {
        let hay = hay.to_lowercase();
        words.iter().all(|word| hay.contains(word))
    };
    entries(catalog)
        .filter(|entry| match entry {
            Entry::Fault(fault) => fits(&format!(
                "{} {} {} {}",
                fault.id,
                fault.title.get(Lang::En),
                fault.title.get(lang),
                fault.known_as.join(" ")
            )),
            Entry::Remedy(remedy) => fits(&format!(
                "{} {} {}",
                remedy.id,
                remedy.title.get(Lang::En),
                remedy.title.get(lang)
            )),
            Entry::Alarm(alarm) => fits(&format!("{} {}", alarm.id, alarm.title)),
            Entry::Name(name) => fits(&format!(
                "{} {} {} {}",
                name.name,
                name.facility.as_deref().unwrap_or_default(),
                name.title.as_deref().unwrap_or_default(),
                name.known_as.join(" ")
            )),
        })
        .collect()
}

struct Page<'a> {
    catalog: &'a Catalog,
    locale: &'a Locale,
    lang: Lang,
    width: usize,
    colour: bool,
    out: String,
}

impl Page<'_> {
    fn paint(&self, text: &str, tint: Tint) -> String {
        paint(text, tint, self.colour)
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.out
            .push_str(format!("{}{text}", " ".repeat(indent)).trim_end());
        self.out.push('\n');
    }

    /// Text with its own line breaks, wrapped. Places such as `{{node}}` become `<node>`.
    fn prose(&mut self, indent: usize, text: &str) {
        let text = sanitize::lines(text.trim_end())
            .replace("{{", "<")
            .replace("}}", ">");
        for paragraph in text.lines() {
            let hang = layout::item_lead(paragraph);
            let (first, rest) = paragraph.split_at_checked(hang).unwrap_or(("", paragraph));
            let room = self.width.saturating_sub(indent + hang);
            for (at, line) in layout::wrap(rest, room).into_iter().enumerate() {
                if at == 0 {
                    self.line(indent, &format!("{first}{line}"));
                } else {
                    self.line(indent + hang, &line);
                }
            }
        }
    }

    fn section(&mut self, key: &str, text: Option<&Text>) {
        if let Some(text) = text {
            self.heading(key);
            let text = text.get(self.lang).to_owned();
            self.prose(2, &text);
        }
    }

    fn heading(&mut self, key: &str) {
        let heading = self.paint(self.locale.word(key), Tint::Bold);
        self.out.push('\n');
        self.line(0, &heading);
    }

    fn fault(&mut self, fault: &Fault) {
        let title = self.paint(
            &sanitize::line(&pattern(fault.title.get(self.lang))),
            Tint::Bold,
        );
        self.line(0, &title);
        let id = self.paint(&sanitize::line(&fault.id), Tint::Cyan);
        self.line(0, &id);
        let product = self
            .locale
            .word(&format!("product.{}", fault.product.as_str()))
            .to_owned();
        let severity = self.locale.word(severity_key(fault.severity)).to_owned();
        let lifecycle = self
            .locale
            .word(&format!("lifecycle.{}", fault.status))
            .to_owned();
        let about = self.locale.fill(
            "explain.about",
            &[
                ("product", &product),
                ("severity", &severity),
                ("status", &lifecycle),
            ],
        );
        self.line(0, &about);
        if let Some(range) = &fault.versions {
            let applies = self
                .locale
                .fill("explain.applies_to", &[("versions", &range.written)]);
            self.line(0, &applies);
        }
        let title = fault.title.get(self.lang);
        let names: Vec<&str> = fault
            .known_as
            .iter()
            .map(String::as_str)
            .filter(|name| !same(name, title))
            .collect();
        if !names.is_empty() {
            let names = self
                .locale
                .fill("explain.also", &[("names", &names.join(", "))]);
            self.prose(0, &names);
        }
        self.out.push('\n');
        let summary = fault.summary.as_ref().unwrap_or(&fault.title);
        self.prose(0, &pattern(summary.get(self.lang)));
        self.section("explain.meaning", fault.meaning.as_ref());
        self.section("explain.proof", fault.proof.as_ref());
        self.section("explain.advice", fault.advice.as_ref());
        self.remedies(fault);
        if !fault.explains.is_empty() {
            self.heading("explain.explains");
            for id in &fault.explains {
                let title = self
                    .catalog
                    .fault(id)
                    .map(|fault| fault.title.get(self.lang));
                self.named(id, title);
            }
        }
        if !fault.references.is_empty() {
            self.heading("explain.references");
            for reference in &fault.references {
                let section = reference
                    .section
                    .as_deref()
                    .map(|section| format!(", {section}"))
                    .unwrap_or_default();
                self.prose(2, &format!("{}{section}", reference.doc));
            }
        }
        self.section("explain.disputed", fault.disputed.as_ref());
    }

    fn remedies(&mut self, fault: &Fault) {
        if fault.remedies.is_empty() {
            return;
        }
        self.heading("explain.remedies");
        for id in &fault.remedies {
            match self.catalog.remedy(id) {
                Some(remedy) => {
                    let risk = self
                        .locale
                        .word(&format!("risk.{}", remedy.risk))
                        .to_owned();
                    let text = self.locale.fill(
                        "incident.remedy",
                        &[
                            ("title", remedy.title.get(self.lang)),
                            ("id", id),
                            ("risk", &risk),
                        ],
                    );
                    self.prose(2, &text);
                    self.steps(4, remedy);
                }
                None => self.named(id, None),
            }
        }
    }

    fn steps(&mut self, indent: usize, remedy: &Remedy) {
        for (at, step) in remedy.steps.iter().enumerate() {
            let run = step.run.as_ref().map(|run| match &step.or {
                Some(or) => self
                    .locale
                    .fill("explain.run_or", &[("run", run), ("or", or)]),
                None => format!("`{run}`"),
            });
            let manual = step
                .manual
                .as_ref()
                .map(|text| text.get(self.lang).to_owned());
            let lead = format!("{}. ", at + 1);
            for text in run.into_iter().chain(manual) {
                self.prose(indent, &format!("{lead}{text}"));
            }
        }
    }

    fn remedy(&mut self, remedy: &Remedy) {
        let title = self.paint(&sanitize::line(remedy.title.get(self.lang)), Tint::Bold);
        self.line(0, &title);
        let id = self.paint(&sanitize::line(&remedy.id), Tint::Cyan);
        self.line(0, &id);
        let risk = self
            .locale
            .word(&format!("risk.{}", remedy.risk))
            .to_owned();
        let about = self.locale.fill("explain.remedy", &[("risk", &risk)]);
        self.line(0, &about);
        self.section("explain.advice", remedy.advice.as_ref());
        if !remedy.steps.is_empty() {
            self.heading("explain.steps");
            self.steps(2, remedy);
        }
        let serves: Vec<&Fault> = self
            .catalog
            .faults
            .iter()
            .filter(|fault| fault.remedies.contains(&remedy.id))
            .collect();
        if !serves.is_empty() {
            self.heading("explain.serves");
            for fault in serves {
                self.named(&fault.id, Some(fault.title.get(self.lang)));
            }
        }
    }

    fn alarm(&mut self, alarm: &Alarm) {
        let title = self.paint(&sanitize::line(&alarm.title), Tint::Bold);
        self.line(0, &title);
        let id = self.paint(&alarm.id.to_string(), Tint::Cyan);
        self.line(0, &id);
        let severity = self.locale.word(severity_key(alarm.severity)).to_owned();
        let about = self
            .locale
            .fill("explain.alarm", &[("severity", &severity)]);
        self.line(0, &about);
        self.heading("explain.advice");
        let advice = match &alarm.advice {
            Some(advice) => advice.get(self.lang).to_owned(),
            None => self.locale.word("explain.alarm_page").to_owned(),
        };
        self.prose(2, &advice);
    }

    fn named(&mut self, id: &str, title: Option<&str>) {
        let title = title
            .map(|title| format!("{title} ({id})"))
            .unwrap_or_else(|| id.to_owned());
        self.prose(2, &title);
    }

    fn list(&mut self, wanted: &str, found: &[Entry<'_>]) {
        let text = self.locale.count(
            "explain.several",
            found.len() as u64,
            &[("text", &sanitize::line(wanted))],
        );
        self.line(0, &text);
        let row = |entry: &Entry<'_>| match entry {
            Entry::Fault(fault) => (fault.id.clone(), fault.title.get(self.lang).to_owned()),
            Entry::Remedy(remedy) => (remedy.id.clone(), remedy.title.get(self.lang).to_owned()),
            Entry::Alarm(alarm) => (alarm.id.to_string(), alarm.title.clone()),
            Entry::Name(name) => (name.name.clone(), name.title.clone().unwrap_or_default()),
        };
        let rows: Vec<(String, String)> = found.iter().take(LISTED).map(row).collect();
        let widest = rows
            .iter()
            .map(|(id, _)| layout::width(id))
            .max()
            .unwrap_or(0);
        for (id, title) in rows {
            let line = format!(
                "{}  {}",
                self.paint(&layout::pad(&id, widest), Tint::Cyan),
                sanitize::line(&title)
            );
            self.line(2, &line);
        }
        if found.len() > LISTED {
            self.line(2, "…");
        }
    }
}

fn severity_key(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "severity.info",
        Severity::Warning => "severity.warning",
        Severity::Error => "severity.error",
        Severity::Critical => "severity.critical",
    }
}

/// A text about any incident: `<peer>` where a report names the peer.
fn pattern(template: &str) -> String {
    text::fill(template, &|name| Some(format!("<{name}>")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::condition::Op;

    #[test]
    fn every_alarm_is_known_by_number_and_title() {
        let catalog = Catalog::builtin().expect("built-in rules");
        assert_eq!(catalog.alarms.len(), 325);
        for alarm in &catalog.alarms {
            assert!(
                !exact(&catalog, &alarm.id.to_string()).is_empty(),
                "{}",
                alarm.id
            );
            assert!(!exact(&catalog, &alarm.title).is_empty(), "{}", alarm.title);
        }
    }

    #[test]
    fn every_name_is_known_whatever_its_capitals() {
        let catalog = Catalog::builtin().expect("built-in rules");
        assert!(catalog.names.len() > 150, "{}", catalog.names.len());
        for name in &catalog.names {
            for name in std::iter::once(&name.name).chain(&name.known_as) {
                let found = exact(&catalog, &name.to_uppercase());
                let told = found.iter().any(|entry| matches!(entry, Entry::Name(_)));
                assert!(told && found.len() <= FULL, "{name}: {}", found.len());
            }
        }
        let both = exact(&catalog, "interclustersyncagentpeerdown");
        assert!(matches!(both.as_slice(), [Entry::Fault(_), Entry::Name(_)]));
    }

    /// The rule for all other alarms says in numbers which ones are other.
    #[test]
    fn no_alarm_is_reported_twice_and_none_is_left_out() {
        let catalog = Catalog::builtin().expect("built-in rules");
        let number = |value: &String| value.parse::<u32>().expect("a number");
        let own: BTreeSet<u32> = catalog
            .faults
            .iter()
            .flat_map(|fault| &fault.signals)
            .flat_map(|signal| signal.condition.iter().flatten())
            .filter(|test| test.field == "Id" && test.op == Op::Equals)
            .flat_map(|test| test.values.iter().map(number))
            .collect();
        let other = catalog
            .fault("expressway.alarm.other")
            .expect("it is a rule");
        let wide = |name: &str| !matches!(name, "raised" | "shown");
        for signal in other.signals.iter().filter(|signal| !wide(&signal.name)) {
            let covers = |id: u32| {
                signal.condition.iter().any(|tests| {
                    tests.iter().all(|test| {
                        let limit = test
                            .values
                            .first()
                            .filter(|_| test.field == "Id")
                            .map(number);
                        match (test.op, limit) {
                            (Op::Gt, Some(limit)) => id > limit,
                            (Op::Lt, Some(limit)) => id < limit,
                            _ => true,
                        }
                    })
                })
            };
            for id in 10_000..100_000 {
                assert_eq!(covers(id), !own.contains(&id), "{id} in {}", signal.name);
            }
        }
    }
}
