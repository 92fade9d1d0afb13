//! Guides, steps and topics as text.

use crate::catalog::Catalog;
use crate::catalog::guide::{Conclusion, Guide, Observation, Runbook, RunbookStep};
use crate::catalog::text::{Lang, Text};
use crate::locale::Locale;
use crate::model::plan::Risk;
use crate::report::paint::{Tint, paint};
use crate::report::{layout, sanitize};

use super::super::settings;
use super::Topic;

/// Widest text that still reads well.
pub(super) const PROSE: usize = 100;

/// Lines under construction. Rules may come from anywhere, so their texts are made safe.
pub(in crate::cli) struct Page<'a> {
    pub(super) locale: &'a Locale,
    pub(super) lang: Lang,
    pub(super) width: usize,
    pub(super) colour: bool,
    pub(super) out: String,
}

impl<'a> Page<'a> {
    /// An empty page; `colour` where it goes to a terminal that shows it.
    pub(in crate::cli) fn new(locale: &'a Locale, lang: Lang, colour: bool) -> Self {
        Self {
            locale,
            lang,
            width: settings::width().clamp(40, PROSE),
            colour,
            out: String::new(),
        }
    }

    pub(super) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.blank();
        let text = sanitize::line(text);
        self.out.push_str(&paint(&text, Tint::Bold, self.colour));
        self.out.push('\n');
    }

    /// Wrapped text behind a lead, under its own start.
    pub(super) fn item(&mut self, lead: &str, text: &str) {
        let hang = layout::width(lead);
        let text = sanitize::line(text.trim_end());
        let room = self.width.saturating_sub(hang).max(20);
        for (at, line) in layout::wrap(&text, room).into_iter().enumerate() {
            let lead = if at == 0 {
                lead.to_owned()
            } else {
                " ".repeat(hang)
            };
            self.out.push_str(&format!("{lead}{line}\n"));
        }
    }

    /// A word and what stands behind it.
    pub(super) fn entry(&mut self, key: &str, text: &str) {
        let word = self.locale.word(key).to_owned();
        let lead = layout::pad(&format!("  {word}"), 12);
        self.item(&format!("{lead} "), text);
    }

    fn text<'t>(&self, text: &'t Text) -> &'t str {
        text.get(self.lang)
    }

    fn place(&self, on: crate::catalog::guide::Place) -> String {
        let key = format!("guide.place.{}", on.as_str());
        self.locale.word(&key).to_owned()
    }

    /// An observation as a question; the answers follow by themselves.
    pub(super) fn observation(
        &mut self,
        number: usize,
        seen: &Observation,
        causes: &[String],
        partly: Option<(usize, usize)>,
    ) {
        let number = number.to_string();
        let title = self.locale.fill("guide.question", &[("number", &number)]);
        self.heading(&title);
        let ask = self.text(&seen.ask).to_owned();
        self.item("  ", &ask);
        self.blank();
        let on = self.place(seen.on);
        for (key, what) in [
            ("guide.run", &seen.run),
            ("guide.open", &seen.page),
            ("guide.fetch", &seen.file),
        ] {
            if let Some(what) = what {
                self.entry(key, what);
            }
        }
        if seen.run.is_some() || seen.page.is_some() || seen.file.is_some() {
            self.entry("guide.where", &on);
            let cost = format!("guide.cost.{}", seen.cost.as_str());
            let takes = format!("{}; {}", span(seen.takes), self.locale.word(&cost));
            self.entry("guide.takes", &takes);
        }
        for (key, text) in [("guide.warning", &seen.warning), ("guide.read", &seen.read)] {
            if let Some(text) = text {
                let text = self.text(text).to_owned();
                self.entry(key, &text);
            }
        }
        if let Some(part) = partly {
            let so_far = so_far(self.locale, part);
            self.entry("guide.so_far", &so_far);
        }
        let why = self
            .locale
            .fill("guide.why.text", &[("causes", &causes.join("; "))]);
        self.entry("guide.why", &why);
        self.blank();
    }

    /// What a runbook is and what has to hold before.
    pub(in crate::cli) fn opening(&mut self, runbook: &Runbook) {
        self.heading(self.text(&runbook.title));
        let about = self.text(&runbook.about).to_owned();
        self.item("  ", &about);
        self.blank();
        let risk = risk(self.locale, runbook.risk);
        self.entry("guide.risk", &risk);
        for text in &runbook.before {
            let text = self.text(text).to_owned();
            self.entry("guide.before", &text);
        }
        if let Some(text) = &runbook.disputed {
            let text = self.text(text).to_owned();
            self.entry("guide.disputed", &text);
        }
    }

    /// One step of a runbook.
    pub(in crate::cli) fn step(&mut self, at: usize, count: usize, step: &RunbookStep) {
        let (number, count) = ((at + 1).to_string(), count.to_string());
        let title = [("number", number.as_str()), ("count", count.as_str())];
        let title = self.locale.fill("guide.step", &title);
        self.heading(&title);
        let text = self.text(&step.text).to_owned();
        self.item("  ", &text);
        self.blank();
        for command in &step.run {
            self.entry("guide.run", command);
        }
        if let Some(page) = &step.page {
            self.entry("guide.open", page);
        }
        let on = self.place(step.on);
        self.entry("guide.where", &on);
        if let Some(takes) = step.takes {
            self.entry("guide.takes", &span(takes));
        }
        if let Some(text) = &step.warning {
            let text = self.text(text).to_owned();
            self.entry("guide.warning", &text);
        }
        if let Some(check) = &step.check {
            for what in check.run.iter().chain(&check.page) {
                self.entry("guide.check.by", what);
            }
            let see = self.text(&check.see).to_owned();
            self.entry("guide.check", &see);
        }
        if let Some(text) = &step.no_check {
            let text = self.text(text).to_owned();
            self.entry("guide.no_check", &text);
        }
        self.blank();
    }
}

/// Of how many nodes something is known.
pub(super) fn so_far(locale: &Locale, (have, need): (usize, usize)) -> String {
    let (have, need) = (have.to_string(), need.to_string());
    locale.fill("guide.so_far.nodes", &[("have", &have), ("need", &need)])
}

/// How dangerous something is, in words.
fn risk(locale: &Locale, risk: Risk) -> String {
    locale.word(&format!("risk.{risk}")).to_owned()
}

/// A span of time: `90s`, `5m`, `2h`.
fn span(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..120 if !seconds.is_multiple_of(60) => format!("{seconds} s"),
        ..7200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

/// The title of a conclusion: its own, that of its fault, or that of its guide.
pub(super) fn title(conclusion: &Conclusion, catalog: &Catalog, lang: Lang) -> String {
    let own = conclusion
        .title
        .as_ref()
        .map(|text| text.get(lang).to_owned());
    let fault = || {
        let fault = conclusion.faults.first().and_then(|id| catalog.fault(id))?;
        Some(fault.title.general(lang))
    };
    let guide = || {
        let guide = conclusion
            .guide
            .as_deref()
            .and_then(|id| catalog.guide(id))?;
        Some(guide.title.get(lang).to_owned())
    };
    let title = own.or_else(fault).or_else(guide);
    title.unwrap_or_else(|| conclusion.id.clone())
}

/// All topics in the order in which they are offered: guides, the leading one first, then runbooks
/// by product.
pub(super) fn sorted(catalog: &Catalog) -> Vec<Topic<'_>> {
    let mut guides: Vec<&Guide> = catalog.guides.iter().collect();
    guides.sort_by_key(|guide| (guide.product, guide.id.as_str()));
    guides.sort_by_key(|guide| guide.product.is_some());
    let mut runbooks: Vec<&Runbook> = catalog.runbooks.iter().collect();
    runbooks.sort_by_key(|runbook| (runbook.product, runbook.id.as_str()));
    let guides = guides.into_iter().map(Topic::Guide);
    guides
        .chain(runbooks.into_iter().map(Topic::Runbook))
        .collect()
}

/// A guide or a runbook as a whole.
pub(super) fn explained(
    topic: Topic<'_>,
    catalog: &Catalog,
    locale: &Locale,
    lang: Lang,
) -> String {
    let mut page = Page::new(locale, lang, settings::colour());
    let (topics, id) = match topic {
        Topic::Guide(guide) => {
            page.heading(guide.title.get(lang));
            page.item("  ", guide.about.get(lang));
            page.heading(locale.word("guide.asks"));
            for seen in &guide.observations {
                page.item("  - ", seen.ask.get(lang));
            }
            page.heading(locale.word("guide.finds"));
            for one in &guide.conclusions {
                let faults = one.faults.join(", ");
                let title = title(one, catalog, lang);
                let text = match faults.is_empty() {
                    true => title,
                    false => format!("{title} ({faults})"),
                };
                page.item("  - ", &text);
            }
            (&guide.topics, &guide.id)
        }
        Topic::Runbook(runbook) => {
            page.opening(runbook);
            for (at, step) in runbook.steps.iter().enumerate() {
                page.step(at, runbook.steps.len(), step);
            }
            (&runbook.topics, &runbook.id)
        }
    };
    page.heading(locale.word("guide.next"));
    let name = topics.first().unwrap_or(id);
    page.item("  ", &format!("clusterdx guide {name}"));
    page.out
}

/// The list of topics, with the names that the command line takes.
pub(super) fn topics(catalog: &Catalog, locale: &Locale, lang: Lang) -> String {
    let mut page = Page::new(locale, lang, settings::colour());
    let all = sorted(catalog);
    let name = |topics: &[String], id: &str| topics.first().map_or(id, String::as_str).to_owned();
    let entry = |topic: &Topic<'_>| match topic {
        Topic::Guide(g) => (true, name(&g.topics, &g.id), g.title.get(lang).to_owned()),
        Topic::Runbook(r) => (false, name(&r.topics, &r.id), r.title.get(lang).to_owned()),
    };
    let entries: Vec<_> = all.iter().map(entry).collect();
    let widest = entries.iter().map(|(_, name, _)| layout::width(name)).max();
    for (is_guide, heading) in [(true, "guide.topics"), (false, "guide.runbooks")] {
        page.heading(locale.word(heading));
        for (_, name, title) in entries.iter().filter(|(is, ..)| *is == is_guide) {
            let lead = layout::pad(&sanitize::line(name), widest.unwrap_or(0));
            page.item(&format!("  {lead}  "), title);
        }
    }
    page.out
}
