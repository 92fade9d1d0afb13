//! A plan as text: every command, check and risk, and what is not planned.

use std::io::{self, Write};

use crate::model::node::Role;
use crate::model::plan::{Plan, PlannedNode, Refused, Step, Task};

use super::{layout, sanitize};

/// Columns before the text of a labelled line.
const LABEL: usize = 12;

/// Writes a plan.
///
/// # Errors
/// What it is written to fails.
pub fn write(plan: &Plan, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let page = Page { width };
    let basis = &plan.basis;
    writeln!(
        out,
        "Plan {} for cluster {} ({})",
        short(&plan.id),
        sanitize::line(&basis.cluster),
        basis.product.as_str()
    )?;
    if basis.incidents.is_empty() {
        return writeln!(out, "\n  Nothing is open that needs a remedy.");
    }
    for task in &plan.tasks {
        page.task(plan, task, out)?;
    }
    if !plan.refused.is_empty() {
        writeln!(out, "\nNot planned")?;
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
pub fn write_step(step: &Step, width: usize, out: &mut dyn Write) -> io::Result<()> {
    Page { width }.step(step, out)
}

/// Writes a text behind a lead; its further lines stand below the first.
///
/// # Errors
/// What it is written to fails.
pub fn write_hanging(lead: &str, text: &str, width: usize, out: &mut dyn Write) -> io::Result<()> {
    Page { width }.hanging(lead, text, out)
}

struct Page {
    width: usize,
}

impl Page {
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
            self.line("for", &about, out)?;
        }
        if let Some(node) = plan.node(&task.node) {
            self.line("node", &in_words(node), out)?;
        }
        self.line("risk", &task.risk.to_string(), out)?;
        if let Some(advice) = &task.advice {
            self.line("note", advice.trim_end(), out)?;
        }
        if let Some(disputed) = &task.disputed {
            self.line("disputed", disputed.trim_end(), out)?;
        }
        self.line("undo", task.undo.as_deref().unwrap_or("none"), out)?;
        let parts = [
            ("nothing to do where all of this holds", &task.skip_if),
            (
                "first, and the run stops where one does not hold",
                &task.prechecks,
            ),
            ("then", &task.steps),
            ("at last, to see that it is mended", &task.postchecks),
        ];
        for (title, steps) in parts {
            if !steps.is_empty() {
                writeln!(out, "   {title}")?;
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
            return self.hanging(
                &lead,
                &format!("{node}, by hand: {}", manual.trim_end()),
                out,
            );
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
            writeln!(
                out,
                "{below}or, where that is unknown: {}",
                sanitize::line(or)
            )?;
        }
        if let Some(why) = &step.why {
            self.hanging(&below, why, out)?;
        }
        if let Some(time) = step.stop_after {
            self.hanging(&below, &format!("interrupted after {}", span(time)), out)?;
        }
        if let Some(expect) = &step.expect {
            let time = step
                .span
                .map_or(String::new(), |time| format!(" within {}", span(time)));
            let otherwise = match step.skips {
                true => "; else this remedy is left out",
                false => "",
            };
            self.hanging(&below, &format!("wanted{time}: {expect}{otherwise}"), out)?;
        }
        if let Some(until) = &step.until {
            let text = format!(
                "effect, within {}: '{}' on {} shows: {}",
                span(until.span),
                until.run,
                until.node,
                until.expect
            );
            self.hanging(&below, &text, out)?;
        }
        if step.once {
            self.hanging(&below, "left out where that shows already", out)?;
        }
        if step.closes {
            self.hanging(&below, "the connection may end meanwhile", out)?;
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

    fn line(&self, label: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        self.hanging(&format!("   {label:<9}"), text, out)
    }

    /// A text whose further lines stand below its first.
    fn hanging(&self, lead: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let columns = self.width.saturating_sub(lead.len()).max(2 * LABEL);
        let text = sanitize::lines(text);
        for (at, line) in text
            .lines()
            .flat_map(|line| layout::wrap(line, columns))
            .enumerate()
        {
            match at {
                0 => writeln!(out, "{lead}{line}")?,
                _ => writeln!(out, "{}{line}", " ".repeat(lead.len()))?,
            }
        }
        Ok(())
    }
}

fn in_words(node: &PlannedNode) -> String {
    let role = match node.role {
        Role::Unknown => String::new(),
        role => format!(", {}", role.as_str()),
    };
    format!("{} ({}{role}) by {}", node.name, node.address, node.agent)
}

/// A time for people.
fn span(seconds: u64) -> String {
    match seconds {
        s if s >= 60 && s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
