//! Everything before the parsers: encoding, margin, repair and chunks. Blocks and sizes of chunks
//! change nothing, for the parsers that the program would choose and for all of them together.
#![no_main]

use clusterdx::parse::encoding::Decoder;
use clusterdx::parse::margin::Margin;
use clusterdx::parse::repair::Repair;
use clusterdx::parse::{Choice, LOG_PARSERS, choose};
use clusterdx_fuzz::events::{chunks, events};
use clusterdx_fuzz::{Dice, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut dice = Dice::of(data);
    within((4 << 20) + data.len() * 400, || {
        let text = decoded(data, &mut dice).unwrap_or_else(|| data.to_vec());
        hold(&text, &mut dice);
    });
});

fn decoded(data: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let read = |blocks: Vec<&[u8]>| {
        let mut decoder = Decoder::detect(data)?;
        let mut out = Vec::new();
        for block in blocks {
            decoder.push(block, &mut out);
        }
        decoder.finish(&mut out);
        Some(out)
    };
    let text = read(vec![data])?;
    assert!(
        std::str::from_utf8(&text).is_ok(),
        "what is decoded is UTF-8"
    );
    assert!(
        text.len() <= data.len() * 3 + 3,
        "decoding multiplies a text"
    );
    assert_eq!(
        read(dice.blocks(data)).as_ref(),
        Some(&text),
        "blocks change the decoding"
    );
    Some(text)
}

fn hold(text: &[u8], dice: &mut Dice) {
    let margin = Margin::of(text);
    let stripped = margin.strip_all(text);
    let feeds = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(feeds(&stripped), feeds(text), "a margin takes lines off");
    repaired(&stripped, dice);

    let mut choices = vec![
        (
            Choice {
                parsers: LOG_PARSERS.to_vec(),
                repair: dice.below(2) == 0,
            },
            margin,
        ),
        (
            Choice {
                parsers: LOG_PARSERS.to_vec(),
                repair: false,
            },
            Margin::default(),
        ),
    ];
    choices.extend(choose(&stripped).map(|choice| (choice, margin)));
    for (choice, margin) in choices {
        let whole = chunks([text], &choice, margin, 1 << 20);
        let cut = chunks(dice.blocks(text), &choice, margin, dice.size());
        let join = |chunks: &[clusterdx::parse::chunk::Chunk]| {
            chunks
                .iter()
                .flat_map(|chunk| chunk.bytes.clone())
                .collect::<Vec<u8>>()
        };
        if !choice.repair {
            // what message bodies quote is left out, but not their lines
            let feeds = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(
                feeds(&join(&cut)),
                feeds(&margin.strip_all(text)),
                "chunks lose lines"
            );
        }
        assert!(join(&cut) == join(&whole), "cuts change the text");
        let (cut, whole) = (
            events(&cut, &choice.parsers),
            events(&whole, &choice.parsers),
        );
        assert_eq!(cut, whole, "cuts change events");
    }
}

/// Blocks change nothing, numbers rise, and nothing is lost but what stands around records.
fn repaired(text: &[u8], dice: &mut Dice) {
    let read = |blocks: Vec<&[u8]>| {
        let mut repair = Repair::new();
        let mut lines: Vec<(Vec<u8>, u64)> = Vec::new();
        for block in blocks {
            repair.push(block, &mut |line, number| {
                lines.push((line.to_vec(), number))
            });
        }
        repair.finish(&mut |line, number| lines.push((line.to_vec(), number)));
        lines
    };
    let lines = read(vec![text]);
    assert_eq!(read(dice.blocks(text)), lines, "blocks change the repair");
    let last = text.split_inclusive(|byte| *byte == b'\n').count() as u64;
    assert!(lines.iter().all(|(_, number)| (1..=last).contains(number)));
    assert!(
        lines.is_sorted_by_key(|(_, number)| *number),
        "line numbers fall"
    );
    let letters = |bytes: &[u8]| bytes.iter().filter(|b| b.is_ascii_alphanumeric()).count();
    let kept: usize = lines.iter().map(|(line, _)| letters(line)).sum();
    assert!(kept <= letters(text), "repair makes letters");
}
