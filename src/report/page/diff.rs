//! What two reports differ in, as a page.

use super::build::Limits;
use super::{Block, Line, Mark, Page, Record, Section};
use crate::locale::Locale;
use crate::model::diff::Diff;
use crate::model::report::Verdict;
use crate::report::diff::{Change, Entry, View};
use crate::report::{time, words};

/// The page of a comparison; all texts are safe already.
pub fn diff(diff: &Diff, locale: &Locale, limits: Limits) -> Page {
    let view = View::of(diff, locale, limits.rows);
    let mut lead: Vec<Block> = vec![Block::List(view.clusters.iter().map(change).collect())];
    lead.extend(view.notes.iter().map(|note| Block::Note(Line::words(note))));
    if view.sections.is_empty() {
        lead.push(Block::Text(Line::words(locale.word("diff.nothing"))));
    }
    let sections = view.sections.iter().map(|section| {
        let mut blocks: Vec<Block> = section.entries.iter().map(entry).collect();
        if section.more > 0 {
            let more = locale.count("more", section.more as u64, &[]);
            blocks.push(Block::Text(Line::words(more)));
        }
        Section {
            title: Line::words(&section.title),
            blocks,
            listed: true,
        }
    });
    let footer = [
        ("version", diff.after.version.as_str()),
        ("digest", diff.after.rules_digest.as_str()),
    ];
    Page {
        title: Line::words(locale.word("diff.title")),
        lead,
        sections: sections.collect(),
        footer: vec![Line::words(locale.fill("footer", &footer))],
    }
}

fn change(of: &Change) -> Line {
    let verdict = |(verdict, word): &(Option<Verdict>, String)| {
        let mark = verdict.map_or(Mark::Plain, Mark::Verdict);
        Line::default().and_badge(mark, word)
    };
    let both = Line::joined([verdict(&of.before), verdict(&of.after)], " → ");
    both.and(" ").and_strong(&of.name)
}

fn entry(of: &Entry) -> Block {
    let mut blocks = vec![
        Block::Text(Line::words(&of.summary)),
        Block::List(of.says.iter().map(Line::words).collect()),
    ];
    let record = |evidence: &crate::model::report::Evidence| {
        Block::Record(Record {
            place: words::locator(evidence),
            time: evidence
                .time
                .as_deref()
                .map(time::moment)
                .unwrap_or_default(),
            lines: evidence.excerpt.lines().map(str::to_owned).collect(),
            ..Record::default()
        })
    };
    blocks.extend(of.proof.iter().map(record));
    let title = Line::default()
        .and_badge(Mark::Severity(of.severity), &of.word)
        .and(" ")
        .and(&of.title)
        .and(if of.place.is_empty() { "" } else { " · " })
        .and(&of.place);
    Block::Section(Section {
        title,
        blocks,
        listed: false,
    })
}
