//! A page as Markdown for tickets: compact, and no text of the input is markup, a mention or a
//! link, in the dialects of GitHub, GitLab and those that know less.
//!
//! Words that a reader of Markdown might act upon stand in code spans, records and commands in
//! fences that are longer than any in them.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::ladder::{Capture, Stress};
use super::page::{self, Block, Limits, Line, Mark, Page, Record, Section, Span, Table};
use super::{Look, Reporter, sanitize};
use crate::locale::Locale;
use crate::model::report::Report;

/// Largest text in bytes; trackers take no more than about that much in one piece of a ticket.
pub const CAP: usize = 60_000;
/// Longest text in one place, in characters.
const LONGEST: usize = 2000;

/// How much a ticket shows where that is not too large.
const LIMITS: Limits = Limits {
    clusters: 8,
    named: 40,
    causes: 5,
    proofs: 2,
    evidence: 0,
    below: 6,
    rows: 20,
    short: 10,
    nodes: 16,
    files: 30,
    drawn: 20,
    flows: 2,
    rungs: 40,
    tasks: 8,
};

/// Writes Markdown.
#[derive(Clone, Copy, Debug)]
pub struct MarkdownReport;

impl Reporter for MarkdownReport {
    fn id(&self) -> &'static str {
        "markdown"
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

/// A page as Markdown.
pub fn write(locale: &Locale, page: &Page) -> String {
    let mut writer = Writer {
        locale,
        out: String::new(),
    };
    writer.heading(1, &page.title);
    writer.blocks(&page.lead, 2);
    for section in &page.sections {
        writer.section(section, 2);
    }
    writer.gap();
    writer.out.push_str("---\n");
    for line in &page.footer {
        writer.paragraph(line);
    }
    writer.out
}

/// Markdown under construction.
struct Writer<'l> {
    locale: &'l Locale,
    out: String,
}

impl Writer<'_> {
    /// An empty line, unless nothing stands before it.
    fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn heading(&mut self, level: usize, title: &Line) {
        self.gap();
        let signs = "#".repeat(level.min(6));
        let title = inline(title, false);
        _ = writeln!(self.out, "{signs} {title}");
    }

    fn section(&mut self, section: &Section, level: usize) {
        self.heading(level, &section.title);
        self.blocks(&section.blocks, level + 1);
    }

    fn blocks(&mut self, blocks: &[Block], level: usize) {
        for block in blocks {
            match block {
                Block::Section(section) => self.section(section, level),
                Block::Text(line) => self.paragraph(line),
                Block::Note(line) => self.note(line),
                Block::Pairs(pairs) => self.pairs(pairs),
                Block::List(lines) => self.list(lines),
                Block::Table(table) => self.table(table),
                Block::Record(record) => self.record(record),
                Block::Commands(commands) => self.fenced(commands),
                Block::Folded(title, blocks) => {
                    self.paragraph(title);
                    self.blocks(blocks, level);
                }
                Block::Topology(topology) => {
                    self.paragraph(&Line::words(&*topology.caption));
                    self.table(&topology.table);
                    self.table(&topology.nodes);
                }
                Block::Timeline(timeline) => {
                    self.table(&timeline.table);
                    let clocks = timeline.lanes.iter().filter(|lane| !lane.clock.is_empty());
                    let clocks =
                        clocks.map(|lane| Line::code(&*lane.node).and(format!(": {}", lane.clock)));
                    self.list(&clocks.collect::<Vec<_>>());
                }
                Block::Ladder(capture) => self.ladder(capture),
            }
        }
    }

    fn paragraph(&mut self, line: &Line) {
        let text = inline(line, false);
        if !text.is_empty() {
            self.gap();
            _ = writeln!(self.out, "{text}");
        }
    }

    fn note(&mut self, line: &Line) {
        self.gap();
        let text = inline(line, false);
        _ = writeln!(self.out, "> {text}");
    }

    fn pairs(&mut self, pairs: &[(String, Line)]) {
        let line = |(name, line): &(String, Line)| {
            Line::default()
                .and_strong(format!("{name}:"))
                .and(" ")
                .with(line.clone())
        };
        self.list(&pairs.iter().map(line).collect::<Vec<_>>());
    }

    fn list(&mut self, lines: &[Line]) {
        if !lines.is_empty() {
            self.gap();
        }
        for line in lines {
            let text = inline(line, false);
            _ = writeln!(self.out, "- {text}");
        }
    }

    fn table(&mut self, table: &Table) {
        let columns = table.columns();
        if columns.is_empty() {
            return;
        }
        if !table.caption.is_empty() {
            self.paragraph(&Line::default().and_strong(&*table.caption));
        }
        self.gap();
        let heads = columns.iter().map(|at| {
            let head = table.heads.get(*at).map_or("", String::as_str);
            inline(&Line::words(head), true)
        });
        let heads: Vec<String> = heads.collect();
        self.row(&heads);
        let rules = columns.iter().map(|at| match table.numbers.contains(at) {
            true => "--:".to_owned(),
            false => "---".to_owned(),
        });
        self.row(&rules.collect::<Vec<_>>());
        for row in &table.rows {
            let cells = columns.iter().map(|at| {
                row.get(*at)
                    .map(|cell| inline(cell, true))
                    .unwrap_or_default()
            });
            self.row(&cells.collect::<Vec<_>>());
        }
    }

    fn row(&mut self, cells: &[String]) {
        _ = writeln!(self.out, "| {} |", cells.join(" | "));
    }

    fn record(&mut self, record: &Record) {
        let place = Line::code(&*record.place);
        self.paragraph(&Line::joined([place, Line::words(&*record.time)], " · "));
        self.fenced(&record.lines);
    }

    /// Lines as they are, in a fence that is longer than any in them.
    fn fenced(&mut self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.gap();
        let lines: Vec<String> = lines
            .iter()
            .map(|line| cut(&sanitize::line(line)))
            .collect();
        let longest = lines.iter().map(|line| ticks(line)).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        _ = writeln!(self.out, "{fence}text\n{}\n{fence}", lines.join("\n"));
    }

    fn ladder(&mut self, capture: &Capture) {
        let line = |line: &super::ladder::Line| {
            let text = match line.stress {
                Stress::Record => format!("{}: {}", line.place, line.text),
                Stress::Remark => format!("= {}", line.text),
                _ => line.text.clone(),
            };
            let lead = format!(
                "{:>9} {:>12} {:>3}",
                line.frame,
                line.time,
                line.arrow.sign()
            );
            format!("{lead}  {text}")
        };
        let [originator, responder] = &capture.ends;
        let ends = [
            ("originator", originator.as_str()),
            ("responder", responder),
        ];
        let head = format!("{:27} {}", "", self.locale.fill("ladder.ends", &ends));
        let lines = capture.lines.iter().map(line);
        self.fenced(&std::iter::once(head).chain(lines).collect::<Vec<_>>());
    }
}

/// A text in pieces as one line of Markdown.
fn inline(line: &Line, in_table: bool) -> String {
    let mut out = String::new();
    for span in &line.0 {
        match span {
            Span::Words(text) => words(text, in_table, &mut out),
            Span::Strong(text) => strong(text, in_table, &mut out),
            Span::Code(text) => code(&cut(&sanitize::line(text)), in_table, &mut out),
            Span::Badge(mark, word) => badge(*mark, word, in_table, &mut out),
        }
    }
    // what begins a line must not begin a list, a heading or a quote
    let trimmed = out.trim();
    let mut begun = trimmed.chars();
    let first = begun.next();
    let number = trimmed.trim_start_matches(|c: char| c.is_ascii_digit());
    if first.is_some_and(|c| matches!(c, '-' | '+' | '=' | '>' | ':')) {
        return format!("\\{trimmed}");
    }
    match number.strip_prefix(['.', ')']) {
        Some(rest)
            if number.len() < trimmed.len() && (rest.is_empty() || rest.starts_with(' ')) =>
        {
            let digits = trimmed
                .get(..trimmed.len() - number.len())
                .unwrap_or_default();
            format!("{digits}\\{number}")
        }
        _ => trimmed.to_owned(),
    }
}

fn badge(mark: Mark, word: &str, in_table: bool, out: &mut String) {
    out.push_str(mark.sign());
    out.push(' ');
    strong(word, in_table, out);
}

/// Words that stand out; those among them that have to stand in code spans do so between.
fn strong(text: &str, in_table: bool, out: &mut String) {
    let mut inner = String::new();
    words(text, in_table, &mut inner);
    match inner.trim() {
        "" => {}
        inner if inner.contains('`') => out.push_str(inner),
        inner => _ = write!(out, "**{inner}**"),
    }
}

/// What may stand behind a word.
const ENDS: [char; 9] = ['"', '\'', '”', '’', '.', ',', ';', ':', '?'];

/// Words of a sentence. One that could be markup, a mention or a link stands in a code span; what
/// stands around it, such as a bracket or a full stop, stays outside.
fn words(text: &str, in_table: bool, out: &mut String) {
    let text = cut(&sanitize::line(text));
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 {
            out.push(' ');
        }
        if is_harmless(word) {
            out.push_str(word);
            continue;
        }
        let core = word.trim_start_matches(['(', '"', '\'', '“', '‘']);
        let before = word.len() - core.len();
        let core = core.trim_end_matches(ENDS);
        // a closing bracket whose opening one stands outside
        let core = match core.contains('(') {
            true => core,
            false => core.trim_end_matches(')').trim_end_matches(ENDS),
        };
        let (head, tail) = (
            word.get(..before).unwrap_or_default(),
            word.get(before + core.len()..).unwrap_or_default(),
        );
        // what is left of a word that is all brackets
        let (head, core, tail) = match core {
            "" => ("", word, ""),
            core => (head, core, tail),
        };
        out.push_str(head);
        if is_harmless(core) {
            out.push_str(core);
        } else {
            code(core, in_table, out);
        }
        out.push_str(tail);
    }
}

/// True for a word that no dialect of Markdown acts upon, wherever it stands.
fn is_harmless(word: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || (!c.is_ascii() && !c.is_control());
    let fine = |c: char| {
        plain(c)
            || matches!(
                c,
                '.' | ',' | ';' | ':' | '(' | ')' | '\'' | '"' | '/' | '%' | '=' | '+' | '-' | '?'
            )
    };
    if !word.chars().all(fine) {
        return false;
    }
    let lower = word.to_ascii_lowercase();
    let linked = ["://", "www.", "mailto:", "xmpp:", "ftp.", "--", "\u{2028}"];
    if linked.iter().any(|part| lower.contains(part)) {
        return false;
    }
    // signs between colons are pictures to some, and names with a dot are links to others
    let name = word.trim_matches(|c: char| !c.is_alphanumeric());
    let colons = word.starts_with(':') || word.matches(':').count() > 1;
    let picture = colons && name.chars().any(char::is_alphabetic);
    let domain = name.rsplit_once('.').is_some_and(|(head, tail)| {
        let letters = tail.chars().take_while(char::is_ascii_alphabetic).count();
        letters > 1 && head.ends_with(|c: char| c.is_ascii_alphanumeric())
    });
    // digests and numbers of tickets
    let digest = name.len() >= 7
        && name.bytes().all(|b| b.is_ascii_hexdigit())
        && name.bytes().any(|b| b.is_ascii_digit());
    let ticket = name.split_once('-').is_some_and(|(project, number)| {
        let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        is_number
            && project.starts_with(|c: char| c.is_ascii_uppercase())
            && project.bytes().all(upper)
    });
    !(picture || domain || digest || ticket)
}

/// A code span whose fence is longer than any in the text.
fn code(text: &str, in_table: bool, out: &mut String) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    if in_table && text.contains(['|', '\\']) {
        return entities(text, out);
    }
    let fence = "`".repeat(ticks(text) + 1);
    let pad = match text.starts_with('`') || text.ends_with('`') {
        true => " ",
        false => "",
    };
    // two spans must not become one
    if out.ends_with('`') {
        out.push(' ');
    }
    _ = write!(out, "{fence}{pad}{text}{pad}{fence}");
}

/// A code span for a cell of a table, where bars and backslashes have meanings of their own: every
/// sign as its number.
fn entities(text: &str, out: &mut String) {
    out.push_str("<code>");
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out.push_str("</code>");
}

/// The longest run of backticks.
fn ticks(text: &str) -> usize {
    let runs = text.split(|c| c != '`');
    runs.map(str::len).max().unwrap_or(0)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(text: &str) -> String {
        inline(&Line::words(text), false)
    }

    #[test]
    fn sentences_stay_as_they_are() {
        for text in [
            "cms2 reaches 10.48.54.75, but nothing accepts its database connection there.",
            "The log of expc01 ends before it could tell (10.15.13.16:5432).",
            "클러스터 데이터베이스가 10.1.1.1에 연결하지 못했습니다.",
            "A conexão não foi aceita; veja a próxima etapa.",
            "2017-03-30 11:22:45 to 11:25:45 UTC (year assumed)",
            "expc01 → expc02",
        ] {
            assert_eq!(said(text), text);
        }
    }

    #[test]
    fn what_could_be_acted_upon_stands_in_code() {
        for (text, wanted) in [
            ("ask @admin now", "ask `@admin` now"),
            ("see http://x.example/a.", "see `http://x.example/a`."),
            ("(www.example.org)", "(`www.example.org`)"),
            (
                "closes #12, GH-7 and ABC-123",
                "closes `#12`, `GH-7` and `ABC-123`",
            ),
            ("<script>alert(1)</script>", "`<script>alert(1)</script>`"),
            (
                "*bold* _it_ ~~x~~ [a](b)",
                "`*bold*` `_it_` `~~x~~` `[a](b)`",
            ),
            ("a `b` c", "a `` `b` `` c"),
            (":smile: pg_hba.conf", "`:smile`: `pg_hba.conf`"),
            ("&lt; a|b \\x", "`&lt`; `a|b` `\\x`"),
            ("commit 8c1ce94c34ca", "commit `8c1ce94c34ca`"),
            ("mail a@b.example", "mail `a@b.example`"),
            ("- item", "\\- item"),
            ("# title", "`#` title"),
            ("12. item", "12\\. item"),
            ("> quote", "`>` quote"),
            ("=== x", "\\=== x"),
        ] {
            assert_eq!(said(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_cell_stays_one_cell() {
        let cell = |text: &str| inline(&Line::code(text), true);
        assert_eq!(cell("a b"), "`a b`");
        assert_eq!(cell("a|b\\"), "<code>a&#124;b&#92;</code>");
        assert_eq!(cell("<b>|"), "<code>&#60;b&#62;&#124;</code>");
    }

    #[test]
    fn fences_are_longer_than_what_they_hold() {
        let mut writer = Writer {
            locale: &Locale::default(),
            out: String::new(),
        };
        writer.fenced(&["````".to_owned(), "x".to_owned()]);
        assert_eq!(writer.out, "`````text\n````\nx\n`````\n");
        let mut out = String::new();
        code("``", false, &mut out);
        assert_eq!(out, "``` `` ```");
    }

    /// What is left of a line when its code spans are taken out, as CommonMark finds them: a span
    /// ends at the next run of as many backticks as began it.
    fn outside(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text.to_owned();
        while let Some((before, behind)) = rest.split_once('`') {
            out.push_str(before);
            let body = behind.trim_start_matches('`');
            let run = behind.len() - body.len() + 1;
            let mut seen = 0;
            let mut left = body.chars().peekable();
            let mut ended = false;
            while let Some(c) = left.next() {
                seen = if c == '`' { seen + 1 } else { 0 };
                if seen == run && left.peek() != Some(&'`') {
                    ended = true;
                    break;
                }
            }
            assert!(ended, "a span that never ends in {text:?}");
            rest = left.collect();
        }
        out + &rest
    }

    proptest! {
        #[test]
        fn nothing_outside_of_code_is_markup(text in "[ -~가é]{0,60}") {
            let line = said(&text);
            let outside = outside(&line);
            let marks = ['<', '&', '*', '_', '[', ']', '~', '@', '#', '|', '$', '^', '{', '}', '!'];
            prop_assert!(!outside.contains(marks), "{line:?}");
            let lower = outside.to_ascii_lowercase();
            prop_assert!(!lower.contains("://") && !lower.contains("www."), "{line:?}");
        }

        #[test]
        fn a_cell_has_no_bar(text in "[ -~]{0,60}", code in any::<bool>()) {
            let line = if code { Line::code(text) } else { Line::words(text) };
            prop_assert!(!inline(&line, true).contains('|'));
        }

        #[test]
        fn any_text_gives_one_line(text in any::<String>()) {
            prop_assert!(!said(&text).contains(['\n', '\r']));
        }
    }
}
