//! The connections that incidents rest on, packet by packet with the records beside them.

use super::build::Source;
use super::{Block, Line, Section};
use crate::model::report::Cluster;
use crate::report::ladder::{Capture, Drawn, Line as Rung};

/// The ladders of a cluster's incidents.
pub(super) fn section(source: &Source<'_>, cluster: &Cluster) -> Option<Section> {
    let flows = source.attached.flows.iter().filter(|drawn| {
        let mut all = cluster.diagnoses.iter();
        // whoever opened it may be known better from the packets
        let [one_end, other] = &drawn.ends;
        let turned = format!("{other} > {one_end}");
        all.any(|one| {
            let flow = one.flow.as_deref();
            flow == Some(&*drawn.title) || flow == Some(&*turned)
        })
    });
    let flows = flows.take(source.limits.flows);
    let blocks: Vec<Block> = flows
        .map(|drawn| Block::Section(flow(source, drawn)))
        .collect();
    (!blocks.is_empty()).then(|| Section::new(source.word("page.packets"), blocks))
}

fn flow(source: &Source<'_>, drawn: &Drawn) -> Section {
    let found = drawn.found.iter().map(Line::words);
    let mut blocks = vec![Block::Pairs(vec![(
        source.word("ladder.found").to_owned(),
        Line::joined(found, "; "),
    )])];
    for capture in &drawn.captures {
        blocks.extend(one(source, capture));
    }
    blocks.extend(drawn.more.iter().map(|more| Block::Text(Line::words(more))));
    let commands = std::iter::once(&drawn.display_filter).chain(&drawn.commands);
    blocks.push(Block::Folded(
        Line::words(source.word("page.filters")),
        vec![Block::Commands(commands.cloned().collect())],
    ));
    Section {
        title: Line::code(&*drawn.title),
        blocks,
        listed: false,
    }
}

fn one(source: &Source<'_>, capture: &Capture) -> Vec<Block> {
    let file = (
        source.word("column.file").to_owned(),
        Line::code(&*capture.origin),
    );
    let about = capture.about.iter().map(|(key, text)| {
        let name = source.locale().word(key).to_owned();
        (name, Line::words(text))
    });
    let mut blocks = vec![Block::Pairs(std::iter::once(file).chain(about).collect())];
    let notes = capture.notes.iter();
    blocks.extend(notes.map(|note| Block::Note(Line::words(note))));
    let shown = source.limits.rungs;
    let (head, tail) = (shown.div_ceil(2), shown / 2);
    let left = capture.lines.len().saturating_sub(head + tail);
    let kept = |at: usize| at < head || at >= head + left;
    let lines = (0..).zip(&capture.lines).filter(|(at, _)| kept(*at));
    let lines: Vec<Rung> = lines.map(|(_, line)| line.clone()).collect();
    blocks.push(Block::Ladder(Capture {
        lines,
        ..capture.clone()
    }));
    blocks.extend(source.more(left).map(Block::Text));
    blocks
}
