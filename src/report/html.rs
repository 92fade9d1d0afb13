//! A page as one HTML file: no script, nothing from outside, a policy that allows only its own
//! style.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::page::{self, Block, Limits, Line, Mark, Page, Record, Section, Span, Table};
use super::{Look, Reporter, sanitize};
use crate::locale::Locale;
use crate::model::digest;
use crate::model::report::{Confidence, Report, Severity, Verdict};

mod drawing;
mod ladder;
mod markup;

use markup::{Anchor, Attribute, Markup};

/// Largest page in bytes.
pub const CAP: usize = 2_000_000;

/// How much a page shows where that is not too large.
const LIMITS: Limits = Limits {
    clusters: 40,
    named: 200,
    causes: 12,
    proofs: 2,
    evidence: 12,
    below: 12,
    rows: 100,
    short: 40,
    nodes: 64,
    files: 200,
    drawn: 40,
    flows: 6,
    rungs: 240,
    tasks: 20,
};

/// The style of every page. The policy names it by its digest.
const STYLE: &str = include_str!("html/style.css");

/// Writes HTML.
#[derive(Clone, Copy, Debug)]
pub struct HtmlReport;

impl Reporter for HtmlReport {
    fn id(&self) -> &'static str {
        "html"
    }

    fn shows_attached(&self) -> bool {
        true
    }

    fn write(&self, report: &Report, look: &Look<'_>, out: &mut dyn Write) -> io::Result<()> {
        let report = sanitize::value(report)?;
        let attached = sanitize::value(look.attached)?;
        let made = |limits| page::report(&report, &attached, look, limits);
        out.write_all(bounded(look.locale, made).as_bytes())
    }
}

/// The page with as much as fits: what `make` puts together gets smaller limits until it does.
pub fn bounded(locale: &Locale, make: impl Fn(Limits) -> Page) -> String {
    LIMITS.bounded(CAP, make, |page| write(locale, page))
}

/// A page as HTML.
pub fn write(locale: &Locale, page: &Page) -> String {
    let mut writer = Writer {
        locale,
        markup: Markup::default(),
        anchors: 0,
    };
    writer.page(page);
    writer.markup.finish()
}

/// A page under construction.
struct Writer<'l> {
    locale: &'l Locale,
    markup: Markup,
    /// Places in the page so far.
    anchors: usize,
}

/// The levels of headings below the title.
const HEADINGS: [&str; 5] = ["h2", "h3", "h4", "h5", "h6"];

impl Writer<'_> {
    fn page(&mut self, page: &Page) {
        self.head(&page.title);
        self.markup
            .literal("<body>\n<a class=\"skip\" href=\"#main\">");
        self.markup.text(self.locale.word("page.skip"));
        self.markup.literal("</a>\n<main id=\"main\">\n<header>\n");
        self.markup.open("h1", &[]);
        self.line(&page.title);
        self.markup.close("h1");
        self.blocks(&page.lead, 0);
        self.markup.literal("</header>\n");
        self.contents(&page.sections);
        // the anchors of the contents are given again, in the same order
        self.anchors = 0;
        for section in &page.sections {
            self.section(section, 0);
        }
        self.markup.literal("</main>\n<footer>\n");
        for line in &page.footer {
            self.paragraph("p", &[], line);
        }
        self.markup.literal("</footer>\n</body>\n</html>\n");
    }

    fn head(&mut self, title: &Line) {
        self.markup.literal("<!DOCTYPE html>\n<html lang=\"");
        self.markup.text(self.locale.lang());
        self.markup
            .literal("\">\n<head>\n<meta charset=\"utf-8\">\n");
        self.markup.literal("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;; style-src &#39;sha256-");
        self.markup
            .text(&STANDARD.encode(digest::sha256_bytes(STYLE)));
        self.markup
            .literal("&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;\">\n");
        self.markup.literal("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n");
        self.markup.element("title", &[], &title.text());
        self.markup.literal("\n<style>");
        self.markup.literal(STYLE);
        self.markup.literal("</style>\n</head>\n");
    }

    /// Links to the parts.
    fn contents(&mut self, sections: &[Section]) {
        let listed = sections.iter().filter(|section| section.listed).count();
        if listed < 2 {
            return;
        }
        let label = self.locale.word("page.contents");
        self.markup.open("nav", &[Attribute::Label(label)]);
        self.markup.literal("<ul>");
        for (at, section) in (1..).zip(sections) {
            self.markup.open("li", &[]);
            self.markup.open("a", &[Attribute::To(Anchor(at))]);
            self.line(&section.title);
            self.markup.literal("</a></li>");
        }
        self.markup.literal("</ul></nav>\n");
    }

    fn section(&mut self, section: &Section, depth: usize) {
        // parts of the page come first: their numbers are those of the contents
        let tag = HEADINGS.get(depth).copied().unwrap_or("h6");
        if depth == 0 {
            self.anchors += 1;
            let at = Anchor(self.anchors);
            self.markup.open("section", &[Attribute::LabelledBy(at)]);
            self.markup.open(tag, &[Attribute::Id(at)]);
        } else {
            let class = match depth {
                1 => Attribute::Fixed("class", "part"),
                _ => Attribute::Fixed("class", "piece"),
            };
            self.markup.open("div", &[class]);
            self.markup.open(tag, &[]);
        }
        self.line(&section.title);
        self.markup.close(tag);
        self.markup.literal("\n");
        self.blocks(&section.blocks, depth + 1);
        self.markup
            .close(if depth == 0 { "section" } else { "div" });
        self.markup.literal("\n");
    }

    fn blocks(&mut self, blocks: &[Block], depth: usize) {
        for block in blocks {
            match block {
                Block::Section(section) => self.section(section, depth),
                Block::Text(line) => self.paragraph("p", &[], line),
                Block::Note(line) => {
                    self.paragraph("p", &[Attribute::Fixed("class", "note")], line);
                }
                Block::Pairs(pairs) => self.pairs(pairs),
                Block::List(lines) => self.list(lines),
                Block::Table(table) => self.table(table),
                Block::Record(record) => self.record(record),
                Block::Commands(commands) => self.commands(commands),
                Block::Folded(title, blocks) => self.folded(title, blocks, depth),
                Block::Topology(topology) => self.topology(topology),
                Block::Timeline(timeline) => self.timeline(timeline),
                Block::Ladder(capture) => self.ladder(capture),
            }
        }
    }

    fn paragraph(&mut self, tag: &'static str, attributes: &[Attribute<'_>], line: &Line) {
        self.markup.open(tag, attributes);
        self.line(line);
        self.markup.close(tag);
        self.markup.literal("\n");
    }

    fn line(&mut self, line: &Line) {
        for span in &line.0 {
            match span {
                Span::Words(text) => self.markup.text(text),
                Span::Strong(text) => self.markup.element("strong", &[], text),
                Span::Code(text) => self.code(text),
                Span::Badge(mark, word) => self.badge(*mark, word),
            }
        }
    }

    /// A name as it is written; a long one may break anywhere.
    fn code(&mut self, text: &str) {
        let attributes = [
            Attribute::Fixed("translate", "no"),
            Attribute::Fixed("dir", "ltr"),
        ];
        self.markup.element("code", &attributes, text);
    }

    fn badge(&mut self, mark: Mark, word: &str) {
        self.markup
            .open("span", &[Attribute::Fixed("class", class(mark))]);
        self.shape(mark, 12.0);
        self.markup.text(word);
        self.markup.close("span");
    }

    /// A shape that stands for a mark; the word beside it says the same.
    fn shape(&mut self, mark: Mark, size: f64) {
        self.markup.open(
            "svg",
            &[
                Attribute::Fixed("class", "shape"),
                Attribute::Fixed("viewBox", "0 0 12 12"),
                Attribute::Number("width", size),
                Attribute::Number("height", size),
                Attribute::Fixed("aria-hidden", "true"),
            ],
        );
        self.markup.literal(outline(mark));
        self.markup.close("svg");
    }

    fn pairs(&mut self, pairs: &[(String, Line)]) {
        self.markup.open("dl", &[]);
        for (name, line) in pairs {
            self.markup.open("div", &[]);
            self.markup.element("dt", &[], name);
            self.markup.open("dd", &[]);
            self.line(line);
            self.markup.literal("</dd></div>\n");
        }
        self.markup.close("dl");
        self.markup.literal("\n");
    }

    fn list(&mut self, lines: &[Line]) {
        self.markup.open("ul", &[]);
        for line in lines {
            self.paragraph("li", &[], line);
        }
        self.markup.close("ul");
        self.markup.literal("\n");
    }

    /// A table; on a narrow page it scrolls inside of its frame.
    fn table(&mut self, table: &Table) {
        let columns = table.columns();
        if columns.is_empty() {
            return;
        }
        let first = table.heads.first().map_or("", String::as_str);
        let label = match table.caption.as_str() {
            "" => first,
            caption => caption,
        };
        self.markup.open(
            "div",
            &[
                Attribute::Fixed("class", "wide stack"),
                Attribute::Fixed("tabindex", "0"),
                Attribute::Fixed("role", "group"),
                Attribute::Label(label),
            ],
        );
        self.markup.literal("<table>");
        if !table.caption.is_empty() {
            self.markup.element("caption", &[], &table.caption);
        }
        self.markup.literal("<thead><tr>");
        const NUMBER: [Attribute<'_>; 1] = [Attribute::Fixed("class", "number")];
        let class = |at: &usize| match table.numbers.contains(at) {
            true => NUMBER.as_slice(),
            false => &[],
        };
        for at in &columns {
            let head = table.heads.get(*at).map_or("", String::as_str);
            let attributes = [&[Attribute::Fixed("scope", "col")], class(at)].concat();
            self.markup.element("th", &attributes, head);
        }
        self.markup.literal("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.markup.open("tr", &[]);
            for at in &columns {
                let head = table.heads.get(*at).map_or("", String::as_str);
                let attributes = [&[Attribute::About(head)], class(at)].concat();
                self.markup.open("td", &attributes);
                if let Some(cell) = row.get(*at) {
                    self.line(cell);
                }
                self.markup.close("td");
            }
            self.markup.literal("</tr>\n");
        }
        self.markup.literal("</tbody></table></div>\n");
    }

    fn record(&mut self, record: &Record) {
        self.markup.literal("<figure class=\"record\"><figcaption>");
        self.code(&record.place);
        if !record.time.is_empty() {
            self.markup.literal(" <span class=\"time\">");
            self.markup.text(&record.time);
            self.markup.literal("</span>");
        }
        self.markup.literal("</figcaption>");
        self.markup.literal("<pre dir=\"ltr\" translate=\"no\">");
        let parts = [
            (&record.before, "around"),
            (&record.lines, "it"),
            (&record.after, "around"),
        ];
        let all = parts
            .iter()
            .flat_map(|(lines, class)| lines.iter().map(move |line| (line, class)));
        for (at, (line, class)) in all.enumerate() {
            if at > 0 {
                self.markup.literal("\n");
            }
            let class = Attribute::Fixed("class", class);
            self.markup.element("span", &[class], line);
        }
        self.markup.literal("</pre></figure>\n");
    }

    /// Commands to copy; they are never broken.
    fn commands(&mut self, commands: &[String]) {
        if commands.is_empty() {
            return;
        }
        let label = self.locale.word("page.commands");
        self.markup.open(
            "pre",
            &[
                Attribute::Fixed("class", "command"),
                Attribute::Fixed("dir", "ltr"),
                Attribute::Fixed("translate", "no"),
                Attribute::Fixed("tabindex", "0"),
                Attribute::Fixed("role", "group"),
                Attribute::Label(label),
            ],
        );
        for (at, command) in commands.iter().enumerate() {
            if at > 0 {
                self.markup.literal("\n");
            }
            self.markup.element("code", &[], command);
        }
        self.markup.literal("</pre>\n");
    }

    fn folded(&mut self, title: &Line, blocks: &[Block], depth: usize) {
        self.markup.literal("<details><summary>");
        self.line(title);
        self.markup.literal("</summary>\n");
        self.blocks(blocks, depth);
        self.markup.literal("</details>\n");
    }
}

/// The classes of a badge.
fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Severity(Severity::Critical) => "badge critical",
        Mark::Verdict(Verdict::Faulty) => "badge faulty",
        Mark::Severity(Severity::Error) => "badge error",
        Mark::Severity(Severity::Warning) => "badge warning",
        Mark::Severity(Severity::Info) => "badge info",
        Mark::Verdict(Verdict::Healthy) | Mark::Good => "badge good",
        Mark::Verdict(Verdict::Insufficient) => "badge unsure",
        Mark::Confidence(_) => "badge sure",
        Mark::Plain => "badge plain",
    }
}

/// The outline of a mark in twelve by twelve.
fn outline(mark: Mark) -> &'static str {
    match mark {
        Mark::Severity(Severity::Critical) | Mark::Verdict(Verdict::Faulty) => {
            "<path d=\"M6 0 12 6 6 12 0 6Z\"/>"
        }
        Mark::Severity(Severity::Error) => "<path d=\"M1 1H11V11H1Z\"/>",
        Mark::Severity(Severity::Warning) => "<path d=\"M6 .5 12 11.5H0Z\"/>",
        Mark::Severity(Severity::Info) => "<circle cx=\"6\" cy=\"6\" r=\"5\"/>",
        Mark::Verdict(Verdict::Healthy) | Mark::Good => {
            "<path d=\"M1 6.5 3 4.5 5 6.5 10 1.5 12 3.5 5 10.5Z\"/>"
        }
        Mark::Verdict(Verdict::Insufficient) => {
            "<path d=\"M6 1A5 5 0 0 1 6 11Z\"/><path class=\"hollow\" d=\"M6 1.5A4.5 4.5 0 0 0 6 10.5Z\"/>"
        }
        Mark::Confidence(Confidence::Certain) => {
            "<path d=\"M0 1H3V11H0ZM4.5 1H7.5V11H4.5ZM9 1H12V11H9Z\"/>"
        }
        Mark::Confidence(Confidence::Likely) => {
            "<path d=\"M0 1H3V11H0ZM4.5 1H7.5V11H4.5Z\"/><path class=\"hollow\" d=\"M9.7 1.7H11.3V10.3H9.7Z\"/>"
        }
        Mark::Confidence(Confidence::Possible) => {
            "<path d=\"M0 1H3V11H0Z\"/><path class=\"hollow\" d=\"M5.2 1.7H6.8V10.3H5.2ZM9.7 1.7H11.3V10.3H9.7Z\"/>"
        }
        Mark::Plain => "<circle class=\"hollow\" cx=\"6\" cy=\"6\" r=\"4.5\"/>",
    }
}

/// The classes of a mark in a drawing.
fn drawn_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "mark critical",
        Severity::Error => "mark error",
        Severity::Warning => "mark warning",
        Severity::Info => "mark info",
    }
}
