//! What active checks found, as text and as JSON.

use std::io::{self, Write};

use crate::locale::Locale;
use crate::model::check::{Check, CheckReport, Outcome};
use crate::model::report::Verdict;
use crate::report::paint::{Tint, paint};
use crate::report::{layout, sanitize};

/// Narrowest and widest text.
const NARROW: usize = 40;
const WIDE: usize = 100;
/// Where the text below the line of a check begins.
const INDENT: usize = 2;

/// Writes JSON.
///
/// # Errors
/// Those of `out`.
pub fn write_json(report: &CheckReport, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// Writes text.
///
/// # Errors
/// Those of `out`.
pub fn write_text(
    report: &CheckReport,
    locale: &Locale,
    width: usize,
    colour: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let report = sanitize::value(report).map_err(io::Error::other)?;
    let mut page = Page {
        locale,
        width: width.clamp(NARROW, WIDE),
        colour,
        lines: Vec::new(),
    };
    page.head(&report);
    page.body(&report.checks);
    for line in &page.lines {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

struct Page<'a> {
    locale: &'a Locale,
    width: usize,
    colour: bool,
    lines: Vec<String>,
}

impl Page<'_> {
    fn paint(&self, text: &str, tint: Tint) -> String {
        paint(text, tint, self.colour)
    }

    fn head(&mut self, report: &CheckReport) {
        let target = &report.target;
        let port = target.port.to_string();
        let engine = self.locale.word(engine_key(&target.engine));
        let system = match &target.version {
            Some(version) => format!("{engine} {}", short_version(version)),
            None => engine.to_owned(),
        };
        let values = [
            ("database", target.database.as_deref().unwrap_or("")),
            ("host", target.host.as_str()),
            ("port", port.as_str()),
            ("system", system.as_str()),
        ];
        let about = match target.database {
            Some(_) => self.locale.fill("checks.database", &values),
            None => self.locale.fill("checks.server", &values),
        };
        let word = self.locale.word(verdict_key(report.verdict));
        let word = self.paint(word, Tint::of_verdict(report.verdict));
        self.lines.push(format!("{word}  {about}"));
        let count = |outcome, key| {
            let number = report
                .checks
                .iter()
                .filter(|c| c.outcome == outcome)
                .count();
            (number > 0).then(|| self.locale.count(key, number as u64, &[]))
        };
        let parts = [
            count(Outcome::Problem, "checks.problems"),
            count(Outcome::Warning, "checks.warnings"),
            count(Outcome::Unknown, "checks.unknowns"),
            count(Outcome::Skipped, "checks.skips"),
            count(Outcome::Ok, "checks.fine"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        self.lines.push(format!("  {}", parts.join(", ")));
    }

    /// What is wrong in full and in order, then what is fine and what was not tried, in short.
    fn body(&mut self, checks: &[Check]) {
        let told = |check: &&Check| {
            matches!(
                check.outcome,
                Outcome::Problem | Outcome::Warning | Outcome::Unknown
            )
        };
        for check in checks.iter().filter(told) {
            self.lines.push(String::new());
            self.full(check);
        }
        let fine: Vec<&Check> = checks.iter().filter(|c| c.outcome == Outcome::Ok).collect();
        if !fine.is_empty() {
            self.heading("checks.ok");
            let widest = fine
                .iter()
                .map(|c| layout::width(&name(c)))
                .max()
                .unwrap_or(0);
            for check in fine {
                let lead = format!("{}  ", layout::pad(&name(check), widest));
                self.hung(INDENT, &lead, &check.summary);
            }
        }
        self.skipped(checks);
    }

    /// Checks that were not tried for the same reason share a line.
    fn skipped(&mut self, checks: &[Check]) {
        let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
        for check in checks.iter().filter(|c| c.outcome == Outcome::Skipped) {
            match reasons
                .iter_mut()
                .find(|(reason, _)| *reason == check.summary)
            {
                Some((_, names)) => names.push(name(check)),
                None => reasons.push((&check.summary, vec![name(check)])),
            }
        }
        if reasons.is_empty() {
            return;
        }
        self.heading("checks.skipped");
        for (reason, names) in reasons {
            self.hung(INDENT, "", &names.join(", "));
            self.hung(2 * INDENT, "", reason);
        }
    }

    fn heading(&mut self, key: &str) {
        let heading = self.paint(self.locale.word(key), Tint::Bold);
        self.lines.push(String::new());
        self.lines.push(heading);
    }

    fn full(&mut self, check: &Check) {
        let (key, tint) = match check.outcome {
            Outcome::Problem => ("checks.problem", Tint::Red),
            Outcome::Warning => ("checks.warning", Tint::Yellow),
            _ => ("checks.unknown", Tint::Bold),
        };
        let word = self.paint(self.locale.word(key), tint);
        let title = self.paint(&name(check), Tint::Bold);
        self.lines.push(format!("{word}  {title}"));
        self.hung(INDENT, "", &check.summary);
        let labels =
            ["checks.means", "checks.mend", "checks.proof"].map(|key| self.locale.word(key));
        let widest = labels
            .iter()
            .map(|label| layout::width(label))
            .max()
            .unwrap_or(0);
        let [means, mend, proof] = labels.map(|label| format!("{}  ", layout::pad(label, widest)));
        if let Some(text) = &check.meaning {
            self.hung(INDENT, &means, text);
        }
        if let Some(text) = &check.mend {
            self.hung(INDENT, &mend, text);
        }
        let gap = " ".repeat(INDENT + layout::width(&mend));
        // never broken: they are there to be copied
        for statement in &check.statements {
            let statement = self.paint(statement, Tint::Cyan);
            self.lines.push(format!("{gap}{statement}"));
        }
        for (at, text) in check.evidence.iter().enumerate() {
            let blank = " ".repeat(layout::width(&proof));
            self.hung(INDENT, if at == 0 { &proof } else { &blank }, text);
        }
    }

    /// A lead and a text, wrapped so that it stays behind its lead.
    fn hung(&mut self, indent: usize, lead: &str, text: &str) {
        let before = indent + layout::width(lead);
        let room = self.width.saturating_sub(before).max(NARROW / 2);
        for (at, line) in layout::wrap(text, room).into_iter().enumerate() {
            let lead = if at == 0 {
                format!("{}{lead}", " ".repeat(indent))
            } else {
                " ".repeat(before)
            };
            self.lines.push(format!("{lead}{line}"));
        }
    }
}

fn name(check: &Check) -> String {
    match &check.about {
        Some(node) => format!("{}: {node}", check.title),
        None => check.title.clone(),
    }
}

/// `15.14 (Debian …)` as `15.14`.
fn short_version(version: &str) -> &str {
    version.split_whitespace().next().unwrap_or(version)
}

fn engine_key(engine: &str) -> &'static str {
    match engine {
        "oracle" => "checks.oracle",
        "sqlserver" => "checks.sqlserver",
        _ => "checks.postgresql",
    }
}

fn verdict_key(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Faulty => "verdict.faulty",
        Verdict::Healthy => "verdict.healthy",
        Verdict::Insufficient => "verdict.insufficient",
    }
}
