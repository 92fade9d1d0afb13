//! A plan as text: every command, check and risk, and what is not planned.

use std::io::{self, Write};

use crate::model::node::Role;
use crate::model::plan::{Plan, PlannedNode, Refused, Step, Task};

use super::{layout, sanitize};
use crate::locale::Locale;

/// Columns before the text of a labelled line.
const LABEL: usize = 12;

/// Writes a plan.
///
/// # Errors
/// What it is written to fails.
pub fn write(plan: &Plan, locale: &Locale, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let page = Page { locale, width };
    let basis = &plan.basis;
    let title = [
        ("id", short(&plan.id)),
        ("cluster", &sanitize::line(&basis.cluster)),
        ("product", basis.product.as_str()),
    ];
    writeln!(out, "{}", locale.fill("plan.title", &title))?;
    if basis.incidents.is_empty() {
        return writeln!(out, "\n  {}", locale.word("plan.nothing"));
    }
    for task in &plan.tasks {
        page.task(plan, task, out)?;
    }
    if !plan.refused.is_empty() {
        writeln!(out, "\n{}", locale.word("plan.not_planned"))?;
        for refused in &plan.refused {
            page.refused(plan, refused, out)?;
        }
    }
    Ok(())
}

/// The part of a plan's id that people read and files are named after.
pub fn short(id: &str) -> &str {
    let hex = id.strip_prefix("sha256:").unwrap_or(id);
    hex.get(..12).unwrap_or(hex)
}

/// Writes one step as it is shown before it is run.
///
/// # Errors
/// What it is written to fails.
pub fn write_step(
    step: &Step,
    locale: &Locale,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    Page { locale, width }.step(step, out)
}

/// Writes a text behind a lead; its further lines stand below the first.
///
/// # Errors
/// What it is written to fails.
pub fn write_hanging(lead: &str, text: &str, width: usize, out: &mut dyn Write) -> io::Result<()> {
    hanging(lead, text, width, out)
}

struct Page<'l> {
    locale: &'l Locale,
    width: usize,
}

impl Page<'_> {
    fn task(&self, plan: &Plan, task: &Task, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{}. {}", task.number, sanitize::line(&task.title))?;
        for id in &task.incidents {
            let incident = plan.incident(id);
            let about = incident.map_or_else(String::new, |incident| {
                let node = incident
                    .node
                    .as_deref()
                    .map_or(String::new(), |node| format!(" ({node})"));
                format!("{}{node}", incident.title)
            });
            self.line("plan.for", &about, out)?;
        }
        if let Some(node) = plan.node(&task.node) {
            self.line("plan.node", &self.in_words(node), out)?;
        }
        self.line("plan.risk", &task.risk.to_string(), out)?;
        if let Some(advice) = &task.advice {
            self.line("plan.note", advice.trim_end(), out)?;
        }
        if let Some(disputed) = &task.disputed {
            self.line("plan.disputed", disputed.trim_end(), out)?;
        }
        let undo = task.undo.as_deref();
        let undo = undo.unwrap_or_else(|| self.locale.word("plan.undo_none"));
        self.line("plan.undo", undo, out)?;
        let parts = [
            ("plan.skip", &task.skip_if),
            ("plan.first", &task.prechecks),
            ("plan.then", &task.steps),
            ("plan.last", &task.postchecks),
        ];
        for (title, steps) in parts {
            if !steps.is_empty() {
                writeln!(out, "   {}", self.locale.word(title))?;
            }
            for step in steps {
                self.step(step, out)?;
            }
        }
        Ok(())
    }

    fn step(&self, step: &Step, out: &mut dyn Write) -> io::Result<()> {
        let lead = format!("     {:<9} ", step.id);
        let node = &step.node;
        if let Some(manual) = &step.manual {
            let values = [("node", node.as_str()), ("text", manual.trim_end())];
            return self.hanging(&lead, &self.locale.fill("plan.by_hand", &values), out);
        }
        // commands are shown as they are sent, never broken over lines
        let run = step.run.as_deref().unwrap_or_default();
        let risk = if step.changes() {
            format!("   [{}]", step.risk)
        } else {
            String::new()
        };
        writeln!(
            out,
            "{lead}{}> {}{risk}",
            sanitize::line(node),
            sanitize::line(run)
        )?;
        let below = " ".repeat(lead.len());
        if let Some(or) = &step.or {
            let or = [("command", &*sanitize::line(or))];
            writeln!(out, "{below}{}", self.locale.fill("plan.or", &or))?;
        }
        if let Some(why) = &step.why {
            self.hanging(&below, why, out)?;
        }
        if let Some(time) = step.stop_after {
            let text = self
                .locale
                .fill("plan.interrupted", &[("time", &self.span(time))]);
            self.hanging(&below, &text, out)?;
        }
        if let Some(expect) = &step.expect {
            let expect = ("expect", expect.as_str());
            let mut text = match step.span {
                Some(time) => {
                    let values = [("time", &*self.span(time)), expect];
                    self.locale.fill("plan.wanted_within", &values)
                }
                None => self.locale.fill("plan.wanted", &[expect]),
            };
            if step.skips {
                text.push_str(self.locale.word("plan.else_left_out"));
            }
            self.hanging(&below, &text, out)?;
        }
        if let Some(until) = &step.until {
            let values = [
                ("time", &*self.span(until.span)),
                ("command", &until.run),
                ("node", &until.node),
                ("expect", &until.expect),
            ];
            self.hanging(&below, &self.locale.fill("plan.effect", &values), out)?;
        }
        if step.once {
            self.hanging(&below, self.locale.word("plan.once"), out)?;
        }
        if step.closes {
            self.hanging(&below, self.locale.word("plan.closes"), out)?;
        }
        Ok(())
    }

    fn refused(&self, plan: &Plan, refused: &Refused, out: &mut dyn Write) -> io::Result<()> {
        let incident = plan.incident(&refused.incident);
        let title = incident.map_or(refused.fault.as_str(), |incident| &incident.title);
        let node = incident.and_then(|incident| incident.node.as_deref());
        let node = node.map_or(String::new(), |node| format!(" ({node})"));
        self.hanging("   ", &format!("{title}{node}: {}", refused.because), out)
    }

    fn line(&self, key: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let label = layout::pad(self.locale.word(key), LABEL - 3);
        // a word that is as wide as the margin keeps a blank
        let gap = if label.ends_with(' ') { "" } else { " " };
        self.hanging(&format!("   {label}{gap}"), text, out)
    }

    fn hanging(&self, lead: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        hanging(lead, text, self.width, out)
    }

    fn in_words(&self, node: &PlannedNode) -> String {
        let role = match node.role {
            Role::Unknown => String::new(),
            role => format!(", {}", role.as_str()),
        };
        let values = [
            ("node", node.name.as_str()),
            ("address", &node.address),
            ("role", &role),
            ("agent", &node.agent),
        ];
        self.locale.fill("plan.by", &values)
    }

    /// A time for people.
    fn span(&self, seconds: u64) -> String {
        let (key, count) = match seconds {
            s if s >= 60 && s % 60 == 0 => ("plan.minutes", s / 60),
            s => ("plan.seconds", s),
        };
        self.locale.fill(key, &[("count", &count.to_string())])
    }
}

/// A text whose further lines stand below its first.
fn hanging(lead: &str, text: &str, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let indent = layout::width(lead);
    let columns = width.saturating_sub(indent).max(2 * LABEL);
    let text = sanitize::lines(text);
    let lines = text.lines().flat_map(|line| layout::wrap(line, columns));
    for (at, line) in lines.enumerate() {
        match at {
            0 => writeln!(out, "{lead}{line}")?,
            _ => writeln!(out, "{}{line}", " ".repeat(indent))?,
        }
    }
    Ok(())
}
