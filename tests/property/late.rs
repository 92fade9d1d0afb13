//! Records that stand in a log too late, or too early, count at their own time.

use std::fs;

use super::bench::{Dice, all_samples, copy, files_below, run_plain, write};
use clusterdx::parse;

/// The records of an Expressway log, those of one instant in one piece and in their own order;
/// `None` for a text that is something else or has to be repaired.
pub(crate) fn records(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let choice = parse::choose(&bytes[..bytes.len().min(64 << 10)])?;
    let [parser] = choice.parsers[..] else {
        return None;
    };
    if choice.repair || parser.id() != "expressway.log" {
        return None;
    }
    let mut pieces: Vec<(Option<parse::RecordHead<'_>>, Vec<u8>)> = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let head = parser.head(line).filter(|_| parser.is_record_start(line));
        match pieces.last_mut() {
            // the rest of a record, or another one at the same time
            Some((last, piece))
                if head.is_none() || last.map(|l| l.time) == head.map(|h| h.time) =>
            {
                piece.extend_from_slice(line);
            }
            _ => pieces.push((head, line.to_vec())),
        }
    }
    pieces.sort_by_key(|(head, _)| head.map(|head| format!("{:?}", head.time)));
    let joined = pieces.chunk_by(|(a, _), (b, _)| a.map(|a| a.time) == b.map(|b| b.time));
    let mut joined: Vec<Vec<u8>> = joined
        .map(|same| same.iter().flat_map(|(_, piece)| piece.clone()).collect())
        .collect();
    for piece in &mut joined {
        if piece.last() != Some(&b'\n') {
            piece.push(b'\n');
        }
    }
    Some(joined)
}

#[test]
fn shuffled_records_give_the_same_incidents() {
    let mut dice = Dice(5);
    let mut tried = 0;
    for sample in all_samples() {
        let folder = tempfile::tempdir().expect("a folder");
        copy(&sample.folder.join("input"), folder.path());
        let wanted = run_plain(folder.path(), &sample.options()).incidents();
        let files = files_below(folder.path());
        let logs: Vec<_> = files
            .iter()
            .filter_map(|file| Some((file, records(&fs::read(file).expect("a file"))?)))
            .collect();
        if logs.is_empty() {
            continue;
        }
        for _ in 0..6 {
            for (file, records) in &logs {
                let mut records = records.clone();
                dice.shuffle(&mut records);
                write(file, &records.concat());
            }
            let shuffled = run_plain(folder.path(), &sample.options()).incidents();
            assert_eq!(
                shuffled,
                wanted,
                "{}:\n{}",
                sample.name,
                fs::read_to_string(logs[0].0).unwrap_or_default()
            );
            tried += 1;
        }
    }
    assert!(tried > 300, "only {tried} shuffles");
}
