//! What two reports differ in, for a terminal.

use std::io::{self, Write};

use super::Page;
use crate::model::diff::Diff;
use crate::report::diff::{Entry, View};
use crate::report::paint::Tint;
use crate::report::{Look, layout, sanitize, words};

/// Entries of a kind that are shown.
const SHOWN: usize = 200;
/// Lines of an excerpt.
const ROWS: usize = 2;

/// Writes text.
///
/// # Errors
/// Those of `out`.
pub fn write(diff: &Diff, look: &Look<'_>, out: &mut dyn Write) -> io::Result<()> {
    let diff = sanitize::value(diff)?;
    let view = View::of(&diff, look.locale, SHOWN);
    let mut page = Page::new(*look);
    for change in &view.clusters {
        let [before, after] = [&change.before, &change.after].map(|(verdict, word)| {
            verdict.map_or_else(|| word.clone(), |v| page.paint(word, Tint::of_verdict(v)))
        });
        let name = page.paint(&change.name, Tint::Bold);
        page.push(&format!("{before} → {after}  {name}"));
    }
    for note in &view.notes {
        page.prose(0, note);
    }
    if view.sections.is_empty() {
        let text = page.word("diff.nothing").to_owned();
        page.blank();
        page.prose(0, &text);
    }
    for section in &view.sections {
        page.heading(&section.title);
        for entry in &section.entries {
            one(&mut page, entry);
        }
        page.more(2, section.more);
    }
    out.write_all(page.text.as_bytes())
}

fn one(page: &mut Page<'_>, entry: &Entry) {
    let title = match entry.place.as_str() {
        "" => entry.title.clone(),
        place => format!("{} · {place}", entry.title),
    };
    let tint = Some(Tint::of_severity(entry.severity));
    page.item(2, &entry.word, tint, &title);
    page.prose(4, &entry.summary);
    for text in &entry.says {
        page.item(4, "·", None, text);
    }
    for evidence in &entry.proof {
        let room = page.look.width.saturating_sub(6);
        let place = layout::shorten_path(&words::locator(evidence), room);
        page.line(6, &place, Some(Tint::Cyan));
        let text = evidence.excerpt.lines().next().unwrap_or_default();
        for row in layout::wrap_rows(text, room.saturating_sub(2), ROWS) {
            page.line(8, &row, None);
        }
    }
}
